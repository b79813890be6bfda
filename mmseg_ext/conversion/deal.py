"""Deal images out so that no part lacks a class, if that can be."""
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmseg_ext.basics.duplicates import Fingerprint, find_duplicates
from mmseg_ext.basics.splits import SPLITS, check_ratios, shuffle_key

TRIES = 32  # orders that are tried while a part lacks a class


@dataclass(frozen=True)
class Deal:
    """What was dealt out.

    Attributes:
        parts: 'train', 'val' or 'test' of each image.
        alike: Numbers of images that are nearly the same, a list for each
            group of them; they are in one part.
    """
    parts: list[str]
    alike: list[list[int]]


def deal_images(names: Sequence[str],
                classes: np.ndarray,
                prints: Sequence[Fingerprint],
                ratios: Sequence[float] = (6, 2, 2),
                seed: int = 0) -> Deal:
    """Deal images out to training, validation and test by their classes.

    The rarest class first, each to the parts that lack it and then to that
    which lacks most of its fraction; images that are nearly the same stay
    together. The same images and the same seed give the same parts.

    Args:
        names: Of the images.
        classes: (num_images, num_classes) bool, whether an image has a
            pixel of a class.
        prints: Of the images.
        ratios: Proportions of training, validation and test, 0 or more.
        seed: Seed of the order in which images come.

    Raises:
        ValueError: If the ratios are not allowed.

    Reference:
        Sechidis et al., On the stratification of multi-label data, 2011,
        algorithm 1; that a class is given to every part first is ours.
    """
    check_ratios(ratios)
    groups = _groups(prints)
    sizes = np.array([len(group) for group in groups])
    held = np.array([classes[group].any(axis=0) for group in groups])
    goals = part_sizes(len(names), ratios)
    best, fewest = None, None
    for attempt in range(TRIES):
        # A name's place does not depend on the others there are.
        order = sorted(range(len(groups)), key=lambda i: min(
            shuffle_key(seed + attempt * 1_000_003, names[n])
            for n in groups[i]))
        found = _Dealer(held, sizes, goals).deal(order)
        gaps = _gaps(held, found, goals)
        if fewest is None or gaps < fewest:
            best, fewest = found, gaps
        if fewest == least_gaps(held, goals):
            break
    parts = [''] * len(names)
    for group, part in zip(groups, best):
        for number in group:
            parts[number] = SPLITS[part]
    return Deal(parts, [group for group in groups if len(group) > 1])


def part_sizes(number: int, ratios: Sequence[float]) -> np.ndarray:
    """Return how many images each part gets, none of those asked for none.

    floor(x + 1/2) of the first two and the rest, as
    :func:`~mmseg_ext.basics.splits.stratified_split` cuts; where there are
    enough images, each part of a ratio above 0 has one at least.
    """
    fractions = np.array(ratios, float) / sum(ratios)
    sizes = np.floor(number * fractions + 0.5).astype(int)
    wanted = fractions > 0
    # the last part that is wanted takes what rounding leaves
    last = int(np.flatnonzero(wanted)[-1])
    sizes[last] += number - sizes.sum()
    while number >= wanted.sum() and (sizes[wanted] < 1).any():
        sizes[np.argmax(sizes)] -= 1
        sizes[np.flatnonzero(wanted & (sizes < 1))[0]] += 1
    return sizes


def least_gaps(held: np.ndarray, goals: np.ndarray) -> int:
    """Return how many parts must lack classes, whatever is done.

    Args:
        held: (num_groups, num_classes) bool.
        goals: (3, ) images of each part.
    """
    wanted = int((goals > 0).sum())
    there = held.sum(axis=0)
    return int(np.maximum(wanted - there[there > 0], 0).sum())


def _gaps(held: np.ndarray, parts: np.ndarray, goals: np.ndarray) -> int:
    """Return how many classes the parts lack, of those that there are."""
    there = held.any(axis=0)
    return sum(int((there & ~held[parts == part].any(axis=0)).sum())
               for part in np.flatnonzero(goals > 0))


def _groups(prints: Sequence[Fingerprint]) -> list[list[int]]:
    """Return the numbers of images that are nearly the same, together."""
    leader = list(range(len(prints)))

    def find(number: int) -> int:
        while leader[number] != number:
            number = leader[number]
        return number

    for pair in find_duplicates(prints):
        one, other = sorted((find(pair.first), find(pair.second)))
        leader[other] = one
    groups = defaultdict(list)
    for number in range(len(prints)):
        groups[find(number)].append(number)
    return list(groups.values())


class _Dealer:
    """Groups of images that go to parts, one after the other.

    Args:
        held: (num_groups, num_classes) bool, the classes of each group.
        sizes: (num_groups, ) its images.
        goals: (3, ) images of each part.
    """

    def __init__(self, held: np.ndarray, sizes: np.ndarray,
                 goals: np.ndarray) -> None:
        self.held, self.sizes, self.goals = held, sizes, goals
        self.parts = np.full(len(held), -1)
        self.room = goals.astype(float)  # images that a part still lacks
        # (3, num_classes) groups of each class that a part still lacks
        self.wish = goals[:, None] / goals.sum() * held.sum(axis=0)
        self.has = np.zeros((len(goals), held.shape[1]), int)

    def deal(self, order: Sequence[int]) -> np.ndarray:
        """Return the part of each group, (num_groups, )."""
        left = np.array(order)
        while len(left):
            counts = self.held[left].sum(axis=0)
            if not counts.any():  # no class at all
                for group in left:
                    self._give(group, int(np.argmax(self.room)))
                break
            rarest = int(np.argmin(np.where(counts > 0, counts, np.inf)))
            candidates = left[self.held[left, rarest]]
            part = self._part_for(rarest)
            # what else the part lacks comes with it; then by chance
            news = self.held[candidates] & (self.has[part] == 0)
            group = candidates[np.argmax(news.sum(axis=1))]
            if self.sizes[group] > max(self.room[part], 1):
                part = int(np.argmax(self.room))
            self._give(group, part)
            left = left[left != group]
        if self._count_gaps() > least_gaps(self.held, self.goals):
            self._close_gaps()
        return self.parts

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

    def _close_gaps(self) -> None:
        """Exchange groups of one size while that leaves fewer gaps."""
        there = self.held.any(axis=0)
        while True:
            gaps = [(part, class_id) for part in np.flatnonzero(self.goals)
                    for class_id in np.flatnonzero(
                        there & (self.has[part] == 0))]
            if not any(self._exchange(*gap) for gap in gaps):
                return

    def _exchange(self, part: int, class_id: int) -> bool:
        before = self._count_gaps()
        inside = np.flatnonzero(self.parts == part)
        for giver in np.flatnonzero(self.held[:, class_id]):
            home = int(self.parts[giver])
            for taker in inside[self.sizes[inside] == self.sizes[giver]]:
                self._swap(giver, home, taker, part)
                if self._count_gaps() < before:
                    return True
                self._swap(taker, home, giver, part)
        return False

    def _swap(self, one: int, part_of_one: int, other: int,
              part_of_other: int) -> None:
        for group, part in ((one, part_of_one), (other, part_of_other)):
            self._give(group, part, -1)
        self._give(one, part_of_other)
        self._give(other, part_of_one)

    def _count_gaps(self) -> int:
        there = self.held.any(axis=0)
        return int((there & (self.has[self.goals > 0] == 0)).sum())
