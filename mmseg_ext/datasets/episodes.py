"""Which images show what, and which of them make an episode."""
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Optional

import numpy as np

PARTS = (None, 'base', 'novel')


@dataclass(frozen=True)
class EpisodeClass:
    """A class that episodes can be about.

    Attributes:
        name: Of it.
        value: Class id in the masks; None: any but the background's.
        showing: Indices of the images that show it.
        others: Indices of those that do not.
    """
    name: str
    value: Optional[int]
    showing: tuple[int, ...]
    others: tuple[int, ...]

    def suffices(self, shots: int, normal_shots: int) -> bool:
        """Tell whether a query is left after the supports."""
        return (len(self.showing) > shots
                and len(self.others) >= normal_shots)

    def draw(self, shots: int, normal_shots: int,
             rng: np.random.Generator) -> 'Draw':
        """Return supports, and all that is left, in random order."""
        showing, others = (rng.permutation(indices).tolist()
                           for indices in (self.showing, self.others))
        return Draw([*showing[:shots], *others[:normal_shots]],
                    showing[shots:], others[normal_shots:])


class Draw(NamedTuple):
    """Indices of supports, and of what is left of the class and beside."""
    supports: list[int]
    showing: list[int]
    others: list[int]


class Episode(NamedTuple):
    """A class with indices of supports and queries."""
    target: EpisodeClass
    supports: list[int]
    queries: list[int]


def split_classes(names: Sequence[str], part: Optional[str], fold: int,
                  folds: int) -> tuple[list[str], list[str]]:
    """Return the classes of a part, and the novel ones.

    Args:
        names: Of all classes.
        part: 'novel': every ``folds``-th name in sorted order, from
            ``fold`` on; 'base': the others; None: all, and none is novel.
        fold: 0 to ``folds`` - 1.
        folds: How many.
    """
    names = sorted(names)
    if part is None:
        return names, []
    novel = names[fold::folds]
    return (novel if part == 'novel' else
            [name for name in names if name not in novel]), novel


def draw_training(classes: Sequence[EpisodeClass], shots: int,
                  normal_shots: int, queries: int, presence: float,
                  rng: np.random.Generator) -> Episode:
    """Return an episode of a random class.

    Args:
        classes: That suffice.
        shots: Supports that show the class.
        normal_shots: Supports that do not.
        queries: How many.
        presence: Probability that a query shows the class; it does where
            there is no image left that does not.
        rng: Of all that is drawn.
    """
    target = classes[rng.integers(len(classes))]
    drawn = target.draw(shots, normal_shots, rng)
    asked = [drawn.showing if rng.random() < presence or not drawn.others
             else drawn.others for _ in range(queries)]
    return Episode(target, drawn.supports,
                   [int(rng.choice(indices)) for indices in asked])


def list_testing(classes: Sequence[EpisodeClass], shots: int,
                 normal_shots: int, queries: Optional[int], episodes: int,
                 seed: int) -> Iterator[Episode]:
    """Yield the episodes of a test, each with one query.

    Args:
        classes: That suffice.
        shots: Supports that show the class.
        normal_shots: Supports that do not.
        queries: Most queries of a draw of supports that show the class, and
            as many that do not; None: all that are left.
        episodes: Draws of supports for each class, at most as many as there
            are choices.
        seed: The e-th draw is of ``default_rng([seed, e])``.
    """
    number = 0
    for target in classes:
        choices = math.comb(len(target.showing), shots)
        for _ in range(min(episodes, choices)):
            drawn = target.draw(shots, normal_shots,
                                np.random.default_rng([seed, number]))
            number += 1
            showing = drawn.showing[:queries]
            for query in [*showing, *drawn.others[:len(showing)]]:
                yield Episode(target, drawn.supports, [query])
