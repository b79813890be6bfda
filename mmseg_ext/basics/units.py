"""Images that belong together, such as those of one specimen, as units."""
from collections.abc import Hashable, Sequence

import numpy as np


def sum_units(values: np.ndarray, units: Sequence[Hashable]) -> np.ndarray:
    """Add up the values of images of the same unit.

    Args:
        values: (num_images, ...).
        units: Of each image.

    Returns:
        (num_units, ...), in the order of the units' first images.
    """
    place = {unit: i for i, unit in enumerate(dict.fromkeys(units))}
    total = np.zeros((len(place), *values.shape[1:]), values.dtype)
    np.add.at(total, [place[unit] for unit in units], values)
    return total


def mean_units(values: np.ndarray, units: Sequence[Hashable]) -> np.ndarray:
    """Average the values of images of the same unit, see :func:`sum_units`.

    Values that are nan do not count; a unit of none but these is nan.
    """
    counted = ~np.isnan(values)
    total = sum_units(np.where(counted, values, 0), units)
    number = sum_units(counted.astype(float), units)
    return np.divide(total, number, out=np.full_like(total, np.nan),
                     where=number > 0)
