"""Confidence intervals by drawing images anew."""
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

RESAMPLES = 9999
BATCH = 500  # resamples that are computed at once


class Interval(NamedTuple):
    """A confidence interval; nan where there is none.

    Attributes:
        low: Lower end.
        high: Upper end.
        method: 'BCa', or 'percentile' where BCa is not defined: in some
            resamples, which are then left out, the measure is not.
    """
    low: float
    high: float
    method: str = 'BCa'


def bootstrap_interval(statistic: Callable[[np.ndarray], np.ndarray],
                       num_units: int,
                       resamples: int = RESAMPLES,
                       seed: int = 0,
                       confidence: float = 0.95) -> Interval:
    """Return the bias-corrected and accelerated bootstrap interval.

    Args:
        statistic: (B, n) numbers of units, each from 0 to ``num_units`` - 1
            -> (B, ) what is measured of these units.
        num_units: How many units there are: images, or groups of images
            that belong together. Pixels of an image are no units.
        resamples: How often they are drawn.
        seed: Of the drawing.
        confidence: Of the interval, 0 to 1.

    Returns:
        The interval; of length 0 where all resamples give one number, nan
        for fewer than two units or a measure that is not defined.

    Reference:
        Efron, Better bootstrap confidence intervals, 1987;
        scipy.stats.bootstrap.
    """
    from scipy import stats  # most of a second, at the start of any tool

    none = Interval(np.nan, np.nan)
    units = np.arange(num_units)
    if num_units < 2 or np.isnan(statistic(units[None])).any():
        return none

    def measured(drawn: np.ndarray, axis: int) -> np.ndarray:
        flat = drawn.reshape(-1, drawn.shape[-1])
        return np.asarray(statistic(flat)).reshape(drawn.shape[:-1])

    with warnings.catch_warnings():  # of what is looked at below
        warnings.simplefilter('ignore')
        found = stats.bootstrap(
            (units, ), measured, n_resamples=resamples, batch=BATCH,
            vectorized=True, axis=-1, confidence_level=confidence,
            method='BCa', random_state=np.random.RandomState(seed))
    low, high = map(float, found.confidence_interval)
    if not np.isnan([low, high]).any():
        return Interval(low, high)
    drawn = found.bootstrap_distribution
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return none
    rest = (1 - confidence) / 2
    low, high = np.quantile(drawn, (rest, 1 - rest))
    return Interval(float(low), float(high), 'percentile')
