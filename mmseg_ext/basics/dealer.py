"""Which group of images goes to which part."""
import heapq
from collections.abc import Sequence
from typing import Optional

import numpy as np

STEPS = 4000  # images exchanged, at most, while a part lacks a class
WORSE = 0.05  # of the exchanges that leave more gaps, to get out of a corner


def least_gaps(held: np.ndarray, goals: np.ndarray) -> int:
    """Return how many parts must lack classes, whatever is done.

    Args:
        held: (num_groups, num_classes) bool.
        goals: (num_parts, ) images of each part.
    """
    wanted = int((goals > 0).sum())
    there = held.sum(axis=0)
    return int(np.maximum(wanted - there[there > 0], 0).sum())


class Dealer:
    """Groups of images that go to parts, one after the other.

    Args:
        held: (num_groups, num_classes) bool, the classes of each group.
        sizes: (num_groups, ) its images.
        goals: (num_parts, ) images of each part.
        weights: (num_parts, ) how much a class counts that a part lacks;
            None: in all parts the same.
    """

    def __init__(self, held: np.ndarray, sizes: np.ndarray,
                 goals: np.ndarray,
                 weights: Optional[Sequence[float]] = None) -> None:
        self.held, self.sizes, self.goals = held, sizes, goals
        self.weights = np.ones(len(goals)) if weights is None else weights
        self.there = held.any(axis=0)
        self.parts = np.full(len(held), -1)
        self.room = goals.astype(float)  # images that a part still lacks
        # (num_parts, num_classes) groups of each class that a part still lacks
        self.wish = goals[:, None] / goals.sum() * held.sum(axis=0)
        self.has = np.zeros((len(goals), held.shape[1]), int)

    def deal(self) -> None:
        """Give every group a part."""
        counts = self.held.sum(axis=0)  # groups of each class that are left
        # class, part -> its groups, those first that bring most with them
        queues: dict[tuple[int, int], list[tuple[int, int]]] = {}
        while counts.any():
            rarest = int(np.argmin(np.where(counts > 0, counts, np.inf)))
            part = self._part_for(rarest)
            queue = queues.get((rarest, part))
            if queue is None:
                queue = queues[rarest, part] = self._queue(rarest, part)
            group = self._take(queue, part)
            if self.sizes[group] > max(self.room[part], 1):
                part = int(np.argmax(self.room))
            self._give(group, part)
            counts -= self.held[group]
        for group in np.flatnonzero(self.parts < 0):  # of no class at all
            self._give(group, int(np.argmax(self.room)))

    def _queue(self, class_id: int, part: int) -> list[tuple[int, int]]:
        """Return a heap of (-classes that are new to a part, group)."""
        groups = np.flatnonzero(self.held[:, class_id] & (self.parts < 0))
        news = (self.held[groups] & (self.has[part] == 0)).sum(axis=1)
        queue = list(zip((-news).tolist(), groups.tolist()))
        heapq.heapify(queue)
        return queue

    def _take(self, queue: list[tuple[int, int]], part: int) -> int:
        """Take the group with most that the part lacks; then by chance.

        What a group brings only gets less: one that brings as much as when
        it was queued brings as much as any.
        """
        while True:
            queued, group = heapq.heappop(queue)
            if self.parts[group] >= 0:
                continue
            news = int((self.held[group] & (self.has[part] == 0)).sum())
            if news == -queued:
                return group
            heapq.heappush(queue, (-news, group))

    def _part_for(self, class_id: int) -> int:
        lacks = (self.has[:, class_id] == 0) & (self.goals > 0)
        keys = [(self.room[part] > 0, lacks[part],
                 -part if lacks[part] else self.wish[part, class_id],
                 self.room[part]) for part in range(len(self.goals))]
        return max(range(len(keys)), key=lambda part: keys[part])

    def _give(self, group: int, part: int, sign: int = 1) -> None:
        self.parts[group] = part if sign > 0 else -1
        self.room[part] -= sign * self.sizes[group]
        self.wish[part] -= sign * self.held[group]
        self.has[part] += sign * self.held[group]

    def close_gaps(self, seed: int) -> None:
        """Exchange images by chance as long as that leaves no more gaps.

        Args:
            seed: Seed of the chance.
        """
        least = least_gaps(self.held, self.goals)
        # a generator whose numbers never change, unlike default_rng's
        random = np.random.RandomState(seed % 2**32)
        best, fewest = self.parts.copy(), self._cost()
        cost = fewest
        for _ in range(STEPS):
            gaps = np.argwhere(self._lacks())
            if len(gaps) <= least:
                break
            part, class_id = gaps[random.randint(len(gaps))]
            givers = np.flatnonzero(
                self.held[:, class_id] & (self.parts != part))
            giver = givers[random.randint(len(givers))]
            takers = np.flatnonzero((self.parts == part) & (
                self.sizes == self.sizes[giver]))
            if not len(takers):
                continue
            taker = takers[random.randint(len(takers))]
            home = int(self.parts[giver])
            self._swap(giver, home, taker, int(part))
            new = self._cost()
            if new > cost and random.random_sample() > WORSE:
                self._swap(taker, home, giver, int(part))
                continue
            cost = new
            if cost < fewest:
                best, fewest = self.parts.copy(), cost
        self.parts = best

    def _swap(self, one: int, part_of_one: int, other: int,
              part_of_other: int) -> None:
        for group, part in ((one, part_of_one), (other, part_of_other)):
            self._give(group, part, -1)
        self._give(one, part_of_other)
        self._give(other, part_of_one)

    def _lacks(self) -> np.ndarray:
        """Return (num_parts, num_classes) bool, gaps of parts asked for."""
        return ((self.has == 0) & self.there
                & (self.goals > 0)[:, None])

    def _cost(self) -> float:
        """Return how many gaps there are, each as its part weighs."""
        return float(self._lacks().sum(axis=1) @ self.weights)
