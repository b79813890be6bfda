"""The BCa interval, against its formula written out."""
import numpy as np
import pytest
from scipy.stats import norm

from mmseg_ext.evaluation.bootstrap import bootstrap_interval


def plain_bca(values: np.ndarray, resamples: int, seed: int) -> list[float]:
    """Efron's formula for a mean, with draws of its own."""
    rng, n = np.random.default_rng(seed), len(values)
    drawn = values[rng.integers(0, n, (resamples, n))].mean(1)
    z0 = norm.ppf((drawn < values.mean()).mean())
    left_out = np.array([np.delete(values, i).mean() for i in range(n)])
    off = left_out.mean() - left_out
    a = (off**3).sum() / (6 * (off**2).sum()**1.5)
    ends = []
    for z in norm.ppf((0.025, 0.975)):
        level = norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z)))
        ends.append(np.quantile(drawn, level))
    return ends


def test_as_efron_writes_it():
    values = np.random.default_rng(0).lognormal(size=25)
    found = bootstrap_interval(lambda drawn: values[drawn].mean(-1), 25)
    assert found.method == 'BCa'
    assert found[:2] == pytest.approx(plain_bca(values, 40000, 1), rel=0.02)
    # skewed to the right, as the values are: no percentile interval
    assert found.high - values.mean() > values.mean() - found.low


def test_same_seed_same_interval():
    values = np.random.default_rng(0).normal(size=12)
    found = [bootstrap_interval(lambda drawn: values[drawn].mean(-1), 12, 500,
                                seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_resamples_in_which_nothing_is_defined_are_left_out():
    values = np.array([1.0, 2.0, 3.0, *[np.nan] * 5])

    def mean(drawn):
        with np.errstate(all='ignore'):
            counted = ~np.isnan(values[drawn])
            return np.nansum(values[drawn], -1) / counted.sum(-1)

    found = bootstrap_interval(mean, 8, 2000)
    assert found.method == 'percentile' and 1 <= found.low < found.high <= 3


def test_where_there_is_no_interval():
    assert bootstrap_interval(lambda drawn: np.ones(len(drawn)), 5, 99)[
        :2] == (1, 1)
    assert np.isnan(bootstrap_interval(
        lambda drawn: np.ones(len(drawn)), 1, 99).low)
    assert np.isnan(bootstrap_interval(
        lambda drawn: np.full(len(drawn), np.nan), 5, 99).low)
