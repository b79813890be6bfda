"""Intervals, and what is said of them in words."""
import numpy as np
import pytest
from scipy import stats

from mmseg_ext.basics.phase_fractions import (
    confidence_interval,
    describe_limits,
    interval_ends,
    write_interval,
)

NAN = float('nan')


@pytest.mark.parametrize('percents, cut', [
    ([44.68, 35.86], (True, False)), ([0.5, 2.1, 25.84], (True, False)),
    ([99, 60, 100], (False, True)), ([50, 51, 49], (False, False)),
    ([0, 100], (True, True))])
def test_an_interval_stays_within_0_and_100(percents, cut):
    column = np.array(percents, float)
    half, = confidence_interval(column[:, None])
    low, high = stats.t.interval(
        0.95, len(column) - 1, column.mean(), stats.sem(column))
    assert (low < 0, high > 100) == cut
    assert write_interval(column.mean(), half) == (
        f'{max(low, 0):.2f} to {min(high, 100):.2f}')


def test_no_spread_and_no_interval():
    assert write_interval(0, 0) == '0.00 to 0.00'
    assert write_interval(7, NAN) == ''


def test_ends():
    assert interval_ends(40, 56) == (0, 96)
    assert interval_ends(80, 30) == (50, 100)
    assert interval_ends(80, 10) == (70, 90)


@pytest.mark.parametrize('number, accuracies, words', [
    (1, dict(A=NAN), ['One image has no confidence interval']),
    (2, dict(A=12.0), ['Only 2 images']), (4, dict(A=12.0), ['Only 4 images']),
    (5, dict(A=12.0, B=100.0, C=NAN), []),
    (9, dict(A=12.0, B=1270.0), ['The interval of B is wider than the mean']),
    (3, dict(A=341.0, B=200.0), ['Only 3 images', 'The interval of A, B is']),
    (0, {}, [])])
def test_what_is_said(number, accuracies, words):
    said = describe_limits(number, accuracies)
    assert len(said) == len(words)
    assert all(sentence.startswith(start)
               for sentence, start in zip(said, words))
