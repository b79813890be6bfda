"""Two models on the same images: which is better, and how sure is that?"""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .bootstrap import RESAMPLES, Interval, bootstrap_interval

SURE = 0.05  # largest p value that counts as a difference


@dataclass(frozen=True)
class PairedDifference:
    """What distinguishes one model from another.

    Attributes:
        mean: Mean of the differences, the second model minus the first.
        interval: Its 95 % bootstrap interval.
        p: Of the Wilcoxon signed-rank test, two-sided.
        number: Differences that count.
        better: Of how many the second model is better.
        worse: Of how many it is worse.
    """
    mean: float
    interval: Interval
    p: float
    number: int
    better: int
    worse: int


def paired_difference(first: np.ndarray, second: np.ndarray,
                      resamples: int = RESAMPLES,
                      seed: int = 0) -> PairedDifference:
    """Compare two models' numbers of the same images.

    Args:
        first: (n, ) of one model, seeds averaged; nan where it has none.
        second: (n, ) of the other.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.

    Raises:
        ValueError: If they are not equally many.

    Reference:
        Wilcoxon, Individual comparisons by ranking methods, 1945.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f'{first.shape} and {second.shape} numbers are no '
                         'pairs')
    found = second - first
    found = found[~np.isnan(found)]
    nan = float('nan')
    if not len(found):
        return PairedDifference(nan, Interval(nan, nan), nan, 0, 0, 0)
    p = 1.0
    if found.any():
        from scipy import stats  # most of a second, at the start of any tool

        p = float(stats.wilcoxon(found).pvalue)
    return PairedDifference(
        float(found.mean()),
        bootstrap_interval(lambda drawn: found[drawn].mean(-1), len(found),
                           resamples, seed),
        p, len(found), int((found > 0).sum()), int((found < 0).sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p values of several comparisons.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none
    becomes smaller than one before it, or larger than 1.

    Args:
        p_values: 0 to 1; nan where there was nothing to test, which counts
            for nothing.

    Returns:
        Adjusted p values, in the same order.

    Reference:
        Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    p_values = np.asarray(p_values, float)
    adjusted = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    tested = tested[np.argsort(p_values[tested], kind='stable')]
    factors = np.arange(len(tested), 0, -1)
    adjusted[tested] = np.minimum(
        np.maximum.accumulate(factors * p_values[tested]), 1)
    return adjusted.tolist()
