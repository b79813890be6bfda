"""Deal images out so that no part lacks a class, if that can be."""
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np

from .dealer import Dealer
from .duplicates import Fingerprint, find_duplicates
from .splits import SPLITS, check_ratios, shuffle_key

# A class that training lacks costs most, then one that validation lacks.
WEIGHTS = (1.02, 1.01, 1.0)


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
    groups = together(prints)
    parts = _deal(names, classes, groups, part_sizes(len(names), ratios),
                  WEIGHTS, seed)
    return Deal([SPLITS[part] for part in parts],
                [group for group in groups if len(group) > 1])


def deal_folds(names: Sequence[str], classes: np.ndarray,
               groups: Sequence[Sequence[int]], num_folds: int,
               seed: int = 0) -> list[int]:
    """Deal images out to folds of about the same size by their classes.

    As :func:`deal_images` does it: every fold has every class, if that can
    be.

    Args:
        names: Of the images.
        classes: (num_images, num_classes) bool, whether an image has a
            pixel of a class.
        groups: Numbers of the images that stay together, each image in one
            group.
        num_folds: How many folds there are.
        seed: Seed of the order in which images come.

    Returns:
        Fold of each image, from 0.

    Raises:
        ValueError: If there are fewer groups than folds.
    """
    if not 2 <= num_folds <= len(groups):
        kind = 'images' if len(groups) == len(names) else 'groups'
        raise ValueError(
            f'{num_folds} folds of {len(groups)} {kind}'
            + ' of images that stay together' * (kind == 'groups')
            + f': must be 2 or more, and at most as many as {kind}')
    goals = np.full(num_folds, len(names) // num_folds)
    goals[:len(names) % num_folds] += 1
    return _deal(names, classes, groups, goals, None, seed)


def _deal(names: Sequence[str], classes: np.ndarray,
          groups: Sequence[Sequence[int]], goals: np.ndarray,
          weights: Optional[Sequence[float]], seed: int) -> list[int]:
    """Return the part of each image."""
    sizes = np.array([len(group) for group in groups])
    held = np.array([classes[list(group)].any(axis=0) for group in groups])
    order = sorted(range(len(groups)), key=lambda i: min(
        shuffle_key(seed, names[n]) for n in groups[i]))
    # as if the groups stood in that order: what chance then does with them
    # is the same, whatever order the images came in
    dealer = Dealer(held[order], sizes[order], goals, weights)
    dealer.deal()
    dealer.close_gaps(seed)
    parts = [0] * len(names)
    for i, part in zip(order, dealer.parts):
        for number in groups[i]:
            parts[number] = int(part)
    return parts


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


def together(prints: Sequence[Fingerprint],
             keys: Optional[Sequence[Hashable]] = None) -> list[list[int]]:
    """Return the numbers of images that belong together.

    Args:
        prints: Of the images: those that are nearly the same do.
        keys: Of the images, such as the names of specimens: those with the
            same one do. None: there are none.
    """
    leader = list(range(len(prints)))

    def find(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]  # the way gets shorter
            number = leader[number]
        return number

    pairs = [(pair.first, pair.second) for pair in find_duplicates(prints)]
    first: dict[Hashable, int] = {}
    pairs += [(first.setdefault(key, number), number)
              for number, key in enumerate(keys or ())]
    for pair in pairs:
        one, other = sorted(map(find, pair))
        leader[other] = one
    groups = defaultdict(list)
    for number in range(len(prints)):
        groups[find(number)].append(number)
    return list(groups.values())
