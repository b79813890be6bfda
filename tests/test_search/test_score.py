"""The score and its terms against the formula."""
import pytest

from mmseg_ext.search import Score


@pytest.mark.parametrize('weights', [
    dict(), dict(alpha=2.0, beta=0.0, gamma=3.5)])
@pytest.mark.parametrize('numbers', [(47.5, 1.0, 1.0), (60.25, 2.0, 0.5)])
def test_terms_are_the_formula(weights, numbers):
    alpha, beta, gamma = (weights.get(name, default) for name, default in (
        ('alpha', 1), ('beta', 5), ('gamma', 1)))
    accuracy, latency, parameters = numbers
    terms = Score(**weights).terms(*numbers)
    assert (terms.accuracy, terms.latency, terms.parameters) == (
        alpha * accuracy, -beta * latency, -gamma * parameters)
    assert terms.total == pytest.approx(
        alpha * accuracy - beta * latency - gamma * parameters)


def test_monotone_in_each_term():
    score = Score()
    before = score.terms(50, 1, 1).total
    assert score.terms(51, 1, 1).total > before
    assert score.terms(50, 2, 1).total == before - 5  # twice as slow
    assert score.terms(50, 1, 2).total == before - 1


def test_text_adds_up():
    assert str(Score().terms(50, 1.2, 0.5)) == (
        '43.50 = 50.00 accuracy - 6.00 latency - 0.50 parameters')
