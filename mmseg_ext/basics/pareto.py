"""Which of several compromises are worth a look."""
from collections.abc import Sequence


def undominated(points: Sequence[Sequence[float]]) -> list[int]:
    """Return the numbers of the points that no other one beats.

    A point is beaten by one that is as good in everything, and better in
    something. Of equal points all are kept.

    Args:
        points: Of each, numbers of which more is better.
    """
    def beats(one: Sequence[float], other: Sequence[float]) -> bool:
        return (tuple(one) != tuple(other)
                and all(a >= b for a, b in zip(one, other)))

    return [i for i, point in enumerate(points)
            if not any(beats(other, point) for other in points)]
