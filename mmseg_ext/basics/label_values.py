"""Find label values that are no class, and say so in words."""
from collections.abc import Iterable, Mapping

import numpy as np

MAX_LISTED = 6


def foreign_labels(labels: np.ndarray, allowed: Iterable[int]) -> dict:
    """Return the values that are not allowed, with their fraction of pixels.

    Args:
        labels: Integer labels of any shape.
        allowed: The values that mean something.

    Returns:
        Value -> fraction of all pixels (0 to 1), most frequent first.
    """
    values, counts = np.unique(labels, return_counts=True)
    foreign = ~np.isin(values, list(allowed))
    order = np.argsort(-counts[foreign], kind='stable')
    return {
        value.item(): count.item() / labels.size
        for value, count in zip(values[foreign][order],
                                counts[foreign][order])
    }


def describe_fractions(fractions: Mapping) -> str:
    """Write ``{7: 0.125}`` as '7 (12.5 % of the pixels)'.

    Long lists end after the most frequent values with a count of the rest.
    """
    items = list(fractions.items())
    listed = ', '.join(f'{value} ({100 * fraction:.3g} %)'
                       for value, fraction in items[:MAX_LISTED])
    rest = len(items) - MAX_LISTED
    more = f' and {rest} more' if rest > 0 else ''
    return f'{listed}{more} of the pixels'
