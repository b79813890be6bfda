"""Uncertainty against scipy's Welch test and formulas written out."""
import numpy as np
import pytest
from scipy import stats

from mmseg_ext.basics.uncertainty import (
    Term,
    combine,
    fraction_interval,
    mean_term,
    reallocate,
    reallocation_terms,
)

NAN = float('nan')


@pytest.mark.parametrize('n, m', [(2, 2), (5, 24), (30, 3)])
def test_two_terms_are_welchs_interval(n, m):
    rng = np.random.default_rng(n)
    a, b = rng.normal(30, 4, n), rng.normal(2, 1, m)
    found = combine(a.mean() - b.mean(), [mean_term(a), mean_term(b)])
    test = stats.ttest_ind(a, b, equal_var=False)
    assert found.dof == pytest.approx(test.df)
    low, high = test.confidence_interval()
    assert (found.value - found.half, found.value + found.half) == (
        pytest.approx((low, high)))


def test_one_term_is_students_interval():
    values = np.random.default_rng(0).normal(30, 4, 7)
    found = combine(values.mean(), [mean_term(values), Term(0.0, 3)])
    assert found.interval == pytest.approx(stats.t.interval(
        0.95, 6, values.mean(), stats.sem(values)))


def test_what_is_not_known_and_what_does_not_differ():
    assert np.isnan(mean_term(np.array([3.0])).u)
    unknown = combine(3.0, [mean_term(np.array([3.0])), Term(1.0, 9)])
    assert unknown.value == 3 and np.isnan(
        [unknown.u, unknown.half, *unknown.interval]).all()
    assert combine(3.0, [Term(0.0, 4)]).interval == (3, 3)


@pytest.mark.parametrize('value, half', [
    (1.0, 1.5), (99.0, 2.0), (50.0, 60.0), (0.09, 2.8)])
def test_an_interval_that_leaves_the_range_is_of_the_logit(value, half):
    p, h = value / 100, half / 100
    odds = p / (1 - p)
    ends = [100 * odds * factor / (1 + odds * factor) for factor in (
        np.exp(-h / (p * (1 - p))), np.exp(h / (p * (1 - p))))]
    low, high = fraction_interval(value, half)
    assert 0 < low < value < high < 100
    assert (low, high) == pytest.approx((
        max(ends[0], value - 4 * half), min(ends[1], value + 4 * half)))


def test_other_intervals():
    assert fraction_interval(40, 10) == (30, 50)
    assert fraction_interval(5, 0) == (5, 5)
    assert fraction_interval(0, 2) == (0, 2)  # nothing is left of it
    assert np.isnan(fraction_interval(5, NAN)).all()


def confusions(number=12, seed=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    made_of = rng.dirichlet((2, 3, 2), number)[:, :, None]
    errors = np.array([rng.dirichlet(row, number) for row in (
        (40, 3, 1), (6, 50, 4), (1, 5, 30))]).swapaxes(0, 1)
    return np.round(10000 * made_of * errors).astype(int)


def test_reallocation_is_the_published_sum():
    matrix, fractions = confusions().sum(0), [0.5, 0.3, 0.2]
    expected = [sum(
        fractions[i] * matrix[k, i] / sum(matrix[j, i] for j in range(3))
        for i in range(3)) for k in range(3)]
    found = reallocate(np.array(fractions), matrix)
    assert found == pytest.approx(expected)
    assert found.sum() == pytest.approx(1)
    # what the validated images predict becomes what they truly are
    assert reallocate(matrix.sum(0) / matrix.sum(), matrix) == (
        pytest.approx(matrix.sum(1) / matrix.sum()))


def test_a_class_never_predicted_stays():
    matrix = np.array([[5, 0, 0], [5, 9, 0], [0, 1, 0]])
    assert reallocate(np.array([0, 0, 1.0]), matrix).tolist() == [0, 0, 1]


def test_bootstrap_of_reallocation_is_the_linearised_formula():
    """Cochran, Sampling Techniques, 1977, 6.3: variance of a ratio."""
    matrices, fractions = confusions(40), np.array([0.5, 0.3, 0.2])
    counts = matrices.swapaxes(1, 2).astype(float)  # predicted by true
    total = counts.sum((0, 2))
    made_of = counts.sum(0) / total[:, None]
    pull = np.einsum('i,gik->gk', fractions / total, counts
                     - made_of * counts.sum(2)[..., None])
    expected = np.sqrt(40 / 39 * (pull**2).sum(0))
    found = reallocation_terms(fractions, matrices)
    assert [term.u for term in found] == pytest.approx(expected, rel=0.1)
    assert {term.dof for term in found} == {39}
    assert np.isnan(reallocation_terms(fractions, matrices[:1])[0].u)
