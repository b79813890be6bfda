"""Deal images out so that no part lacks a class, if that can be."""
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmseg_ext.basics.duplicates import Fingerprint, find_duplicates
from mmseg_ext.basics.splits import SPLITS, check_ratios, shuffle_key

STEPS = 4000  # images exchanged, at most, while a part lacks a class
WORSE = 0.05  # of the exchanges that leave more gaps, to get out of a corner


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
    order = sorted(range(len(groups)), key=lambda i: min(
        shuffle_key(seed, names[n]) for n in groups[i]))
    # as if the groups stood in that order: what chance then does with them
    # is the same, whatever order the images came in
    dealer = _Dealer(held[order], sizes[order],
                     part_sizes(len(names), ratios))
    dealer.deal()
    dealer.close_gaps(seed)
    parts = [''] * len(names)
    for i, part in zip(order, dealer.parts):
        for number in groups[i]:
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

    def deal(self) -> None:
        """Give every group a part."""
        left = np.arange(len(self.held))
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
        """Return (3, num_classes) bool, the gaps of parts that are asked."""
        return ((self.has == 0) & self.held.any(axis=0)
                & (self.goals > 0)[:, None])

    def _cost(self) -> float:
        """Return how many gaps there are; those of training weigh more."""
        return float(self._lacks().sum(axis=1) @ (1.02, 1.01, 1.0))
