"""Paired differences, against the test's definition written out."""
from itertools import product

import numpy as np
import pytest

from mmseg_ext.evaluation.paired import holm, paired_difference


def plain_wilcoxon(differences) -> float:
    """The fraction of all signs whose rank sum is as far off; no ties."""
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    centre = ranks.sum() / 2
    off = abs(ranks[differences > 0].sum() - centre)
    sums = [ranks[np.array(signs)].sum()
            for signs in product([False, True], repeat=len(ranks))]
    return np.mean([abs(total - centre) >= off - 1e-9 for total in sums])


@pytest.mark.parametrize('shift', [0.0, 0.4, 2.0])
def test_as_wilcoxon_writes_it(shift):
    rng = np.random.default_rng(1)
    first = rng.normal(size=11)
    second = first + shift + rng.normal(size=11)
    found = paired_difference(first, second, 999)
    assert found.p == pytest.approx(plain_wilcoxon(second - first))
    assert found.mean == pytest.approx((second - first).mean())
    assert found.interval.low < found.mean < found.interval.high
    assert (found.number, found.better + found.worse) == (11, 11)


def test_the_second_model_is_better_by_one_point():
    first = np.linspace(0.2, 0.9, 20)
    found = paired_difference(first, first + 0.01, 99)
    assert found.interval[:2] == pytest.approx((0.01, 0.01))
    assert found.p < 1e-4 and found.better == 20


def test_equal_models_and_images_without_a_number():
    same = np.array([0.5, np.nan, 0.7])
    found = paired_difference(same, same, 99)
    assert (found.mean, found.p, found.number) == (0, 1, 2)
    assert paired_difference([np.nan], [1.0]).number == 0
    with pytest.raises(ValueError, match='no pairs'):
        paired_difference([1.0], [1.0, 2.0])


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx(
        [0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    np.testing.assert_allclose(holm([0.02, np.nan, 0.03]),
                               [0.04, np.nan, 0.04])
    assert holm([]) == []
