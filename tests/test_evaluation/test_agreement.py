"""Bland and Altman's numbers, against their formulas and their paper."""
import math

import numpy as np
import pytest

from mmseg_ext.evaluation.agreement import bland_altman

# Peak expiratory flow of 17 people by two meters, table 1 of the paper:
# large Wright and mini Wright, first measurement of each (litres a minute).
LARGE = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478,
         178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477,
        259, 350, 451]


def test_numbers_of_the_paper():
    """It gives -2.1, 38.8, and limits of -79.7 and 75.5, by 2 deviations."""
    found = bland_altman(LARGE, MINI)
    assert round(found.bias, 1) == -2.1
    assert round(found.deviation, 1) == 38.8
    assert found.low == pytest.approx(-2.118 - 1.96 * 38.765, abs=0.01)
    assert found.high == pytest.approx(-2.118 + 1.96 * 38.765, abs=0.01)
    # its standard error is 9.4, and t(0.975, 16) is 2.12: -22.0 to 17.8
    assert found.bias - found.bias_half == pytest.approx(-22.0, abs=0.1)
    assert found.bias + found.bias_half == pytest.approx(17.8, abs=0.1)
    assert not found.biased
    assert found.error == pytest.approx(
        np.mean([abs(a - b) for a, b in zip(LARGE, MINI)]))


def test_a_shift_is_a_bias():
    found = bland_altman(np.arange(5) + 0.5, np.arange(5))
    assert found.biased and found.bias == 0.5 and found.low == found.high


def test_one_image_has_no_limits():
    found = bland_altman([2.0], [1.0])
    assert found.bias == 1 and math.isnan(found.low)
    assert not found.biased


@pytest.mark.parametrize('measured, true', [([], []), ([1], [1, 2])])
def test_no_pairs(measured, true):
    with pytest.raises(ValueError, match='equally many'):
        bland_altman(measured, true)
