"""Values that are no class, in numbers and in words."""
import numpy as np

from mmseg_ext.basics.label_values import describe_fractions, foreign_labels


def test_fractions_are_of_all_pixels_most_frequent_first():
    labels = np.array([[0, 0, 7, 7], [1, 9, 255, 7]])
    assert list(foreign_labels(labels, [0, 1, 255]).items()) == [(7, 3 / 8),
                                                                 (9, 1 / 8)]


def test_nothing_foreign():
    assert foreign_labels(np.array([0, 1]), range(2)) == {}


def test_negative_and_wide_integers_are_not_wrapped():
    labels = np.array([-1, 256, 65535, 2**40])
    assert set(foreign_labels(labels, [0, 255])) == {-1, 256, 65535, 2**40}


def test_long_lists_end_with_a_count():
    fractions = {value: 0.01 for value in range(10)}
    text = describe_fractions(fractions)
    assert '5 (1 %)' in text
    assert '6 (1 %)' not in text
    assert 'and 4 more' in text
