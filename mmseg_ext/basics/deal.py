"""Deal images out so that no part lacks a class, if that can be."""
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .dealer import Dealer
from .duplicates import Fingerprint, find_duplicates
from .splits import SPLITS, check_ratios, shuffle_key


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
    dealer = Dealer(held[order], sizes[order],
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


def _groups(prints: Sequence[Fingerprint]) -> list[list[int]]:
    """Return the numbers of images that are nearly the same, together."""
    leader = list(range(len(prints)))

    def find(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]  # the way gets shorter
            number = leader[number]
        return number

    for pair in find_duplicates(prints):
        one, other = sorted((find(pair.first), find(pair.second)))
        leader[other] = one
    groups = defaultdict(list)
    for number in range(len(prints)):
        groups[find(number)].append(number)
    return list(groups.values())
