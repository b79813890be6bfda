"""Confidences, their quantiles by class, and what is kept."""
import numpy as np
import pytest

from mmseg_ext.labeling.confidence import (
    class_thresholds,
    confidence_of,
    count_confidences,
    keep_confident,
)

STEPS = 65535


def counts_of(ids, confidences, classes=3):
    counts = np.zeros((classes, STEPS + 1), np.int64)
    count_confidences(counts, np.array([ids], np.uint8),
                      np.array([confidences], np.uint16))
    return counts


def test_softmax_of_three_and_threshold_of_one_channel():
    logits = np.log(np.array([.2, .5, .3], np.float32)).reshape(3, 1, 1)
    assert confidence_of(logits).tolist() == [[round(.5 * STEPS)]]
    # a head of one channel: its threshold, and its probability
    logits = np.array([[[.3, .3]], [[.35, .1]]], np.float32)
    assert confidence_of(logits).tolist() == [
        [round(.35 * STEPS), round(.9 * STEPS)]]


@pytest.mark.parametrize(('per_class', 'expected'), [
    (0.0, 10), (0.25, 10), (0.26, 20), (0.5, 20), (0.75, 30), (1.0, 40)])
def test_quantiles_by_hand(per_class, expected):
    counts = counts_of([0, 0, 0, 0], [30, 10, 40, 20])
    assert class_thresholds(counts, .9, per_class)[0] == expected


def test_capped_and_absent_classes_ask_for_the_threshold():
    cap = int(np.ceil(.9 * STEPS))
    counts = counts_of([0, 0, 0, 1], [65000, 65100, 65200, 700])
    assert class_thresholds(counts, .9, .5).tolist() == [cap, 700, cap]
    # one level below the threshold is not enough, the threshold itself is
    assert cap / STEPS >= .9 > (cap - 1) / STEPS


def test_quantiles_and_masks_equal_numpys():
    rng = np.random.default_rng(0)
    images = [(rng.integers(0, 3, (17, 23)).astype(np.uint8),
               rng.integers(20000, STEPS + 1, (17, 23)).astype(np.uint16))
              for _ in range(3)]
    counts = np.zeros((3, STEPS + 1), np.int64)
    for ids, confidences in images:
        count_confidences(counts, ids, confidences)
    found = class_thresholds(counts, .8, .3)
    every = [np.concatenate([c[i == k] for i, c in images])
             for k in range(3)]
    expected = [min(np.quantile(values, .3, method='inverted_cdf'),
                    np.ceil(.8 * STEPS)) for values in every]
    assert found.tolist() == expected
    for ids, confidences in images:
        mask = ids.copy()
        for k in range(3):
            mask[(ids == k) & (confidences < expected[k])] = 255
        np.testing.assert_array_equal(
            keep_confident(ids, confidences, found), mask)
