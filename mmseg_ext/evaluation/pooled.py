"""IoU from confusion matrices: of an image, and of many as one."""
from collections.abc import Callable, Hashable, Sequence
from functools import partial

import numpy as np

from mmseg_ext.basics.units import sum_units

from .bootstrap import RESAMPLES, Interval, bootstrap_interval


def iou(confusion: np.ndarray) -> np.ndarray:
    """Return the IoU of each class.

    Args:
        confusion: (..., num_classes, num_classes) pixels, true by predicted
            class.

    Returns:
        (..., num_classes), 0 to 1; nan for a class without a true or
        predicted pixel.
    """
    both = np.diagonal(confusion, axis1=-2, axis2=-1).astype(float)
    union = confusion.sum(-1) + confusion.sum(-2) - both
    return np.divide(both, union, out=np.full_like(both, np.nan),
                     where=union > 0)


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Average the last axis over what is not nan; nan of nothing."""
    counted = ~np.isnan(values)
    number = counted.sum(-1)
    total = np.where(counted, values, 0).sum(-1)
    return np.divide(total, number, out=np.full(number.shape, np.nan),
                     where=number > 0)


def pooled_iou(confusion: np.ndarray) -> np.ndarray:
    """Return the IoU of all images' pixels together, and their mean.

    Args:
        confusion: (..., num_images, num_seeds, num_classes, num_classes).
            Each seed is pooled by itself, and the seeds are averaged.

    Returns:
        (..., num_classes + 1), 0 to 1: of each class, and their mean.
    """
    return average_seeds(iou(confusion.sum(-4)))


def average_seeds(values: np.ndarray) -> np.ndarray:
    """Average over seeds, and append the mean of the classes.

    Args:
        values: (..., num_seeds, num_classes); nan does not count.

    Returns:
        (..., num_classes + 1); the last is the mean over seeds of the mean
        over classes.
    """
    classes = mean_defined(np.moveaxis(values, -2, -1))
    mean = mean_defined(mean_defined(values))
    return np.concatenate([classes, mean[..., None]], -1)


def pooled_intervals(pooled: Callable[[np.ndarray], np.ndarray],
                     counts: np.ndarray, units: Sequence[Hashable],
                     resamples: int = RESAMPLES,
                     seed: int = 0) -> list[Interval]:
    """Return the 95 % intervals of a measure of all images' pixels.

    The mean is that of all classes: resamples in which one is missing are
    left out, since it would be another mean.

    Args:
        pooled: (..., num_images, num_seeds, ..., num_classes) counts ->
            (..., num_classes + 1), such as :func:`pooled_iou`.
        counts: Of pixels, whose sums are those of several images.
        units: Of each image, such as its group; units are drawn, whole.
        resamples: How often they are drawn.
        seed: Of the drawing.
    """
    total = sum_units(counts, units)
    num_classes = counts.shape[-1]
    defined = ~np.isnan(pooled(total)[:num_classes])

    def measure(drawn: np.ndarray, i: int) -> np.ndarray:
        values = pooled(total[drawn])
        if i < num_classes:
            return values[..., i]
        missing = np.isnan(values[..., :num_classes][..., defined]).any(-1)
        return np.where(missing, np.nan, values[..., i])

    return [bootstrap_interval(partial(measure, i=i), len(total), resamples,
                               seed) for i in range(num_classes + 1)]
