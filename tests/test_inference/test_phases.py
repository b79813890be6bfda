"""Mean, spread and confidence against the standards' formulas and scipy."""
import math

import numpy as np
import pytest
from scipy import stats

from mmseg_ext.inference import summarize_phases


def test_equals_the_formulas():
    fractions = np.random.default_rng(0).dirichlet((5, 3, 2), 6)
    found = summarize_phases(list(fractions), ('A', 'B', 'C'))
    for i, phase in enumerate(found):
        percent = [100 * row[i] for row in fractions]
        mean = sum(percent) / 6
        std = math.sqrt(sum((x - mean)**2 for x in percent) / 5)
        # Student's t for 95 % and 5 degrees of freedom, from a table
        interval = 2.5706 * std / math.sqrt(6)
        assert (phase.phase, phase.n) == ('ABC'[i], 6)
        assert phase.mean_percent == pytest.approx(mean)
        assert phase.std_percent == pytest.approx(std)
        assert phase.ci95_percent == pytest.approx(interval, rel=1e-4)
        assert phase.relative_accuracy_percent == pytest.approx(
            100 * interval / mean, rel=1e-4)
        low, high = stats.t.interval(0.95, 5, mean, stats.sem(percent))
        assert phase.ci95_percent == pytest.approx((high - low) / 2)


def test_one_image_has_no_spread():
    found, = summarize_phases([[1.0]], ['A'])
    assert found.mean_percent == 100
    assert np.isnan([found.std_percent, found.ci95_percent,
                     found.relative_accuracy_percent]).all()


def test_absent_phase_has_no_relative_accuracy():
    _, absent = summarize_phases([[1, 0], [1, 0]], ['A', 'B'])
    assert absent.mean_percent == absent.ci95_percent == 0
    assert np.isnan(absent.relative_accuracy_percent)


def test_no_image():
    with pytest.raises(ValueError, match='at least one image'):
        summarize_phases([], ['A'])
