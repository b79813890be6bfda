"""IoU of all images together, against counting masks."""
import numpy as np
import pytest

from mmseg_ext.evaluation.pooled import (
    iou,
    pooled_intervals,
    pooled_iou,
)


@pytest.fixture(scope='module')
def masks():
    """Six images, two seeds: (2, 6, 2, 20, 20), truth and prediction."""
    rng = np.random.default_rng(0)
    truth = np.repeat(rng.integers(0, 3, (6, 1, 20, 20)), 2, axis=1)
    wrong = rng.random(truth.shape) < 0.3
    return truth, np.where(wrong, rng.integers(0, 3, truth.shape), truth)


def confusion_of(truth: np.ndarray, pred: np.ndarray) -> np.ndarray:
    return np.array([[[[((t == i) & (p == j)).sum() for j in range(3)]
                       for i in range(3)] for t, p in zip(*pair)]
                     for pair in zip(truth, pred)])


def test_pixels_of_all_images_count_together(masks):
    truth, pred = masks
    expected = []
    for seed in range(2):
        t, p = truth[:, seed], pred[:, seed]
        expected.append([((t == i) & (p == i)).sum() / (
            (t == i) | (p == i)).sum() for i in range(3)])
    expected = np.mean(expected, axis=0)
    found = pooled_iou(confusion_of(truth, pred))
    np.testing.assert_allclose(found, [*expected, expected.mean()])


def test_a_class_that_is_nowhere_has_no_iou():
    confusion = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    np.testing.assert_allclose(iou(confusion), [3 / 4, 4 / 5, np.nan])
    found = pooled_iou(confusion[None, None])
    assert found[3] == pytest.approx((3 / 4 + 4 / 5) / 2)
    assert np.isnan(pooled_iou(np.zeros((2, 1, 3, 3)))).all()


def test_intervals_hold_the_number_and_widen_with_groups(masks):
    confusion = confusion_of(*masks)
    confusion[::2, :, 0, 1] += 60  # every other image is worse
    found = pooled_iou(confusion)
    alone = pooled_intervals(pooled_iou, confusion, range(6), 800)
    grouped = pooled_intervals(pooled_iou, confusion, [0, 1, 0, 1, 0, 1], 800)
    for value, interval in zip(found, alone):
        assert interval.low < value < interval.high
    assert grouped[0].high - grouped[0].low > alone[0].high - alone[0].low


def test_the_mean_is_that_of_all_classes_in_every_resample():
    confusion = np.array([[[[50, 10], [20, 20]]],
                          *[[[[90 + i, 0], [0, 0]]] for i in range(3)]])
    rare, mean = pooled_intervals(pooled_iou, confusion, range(4), 800)[1:]
    assert pooled_iou(confusion)[1] == rare.low == rare.high == 0.4
    # a third of the resamples has the first class alone, of an IoU of 1
    assert mean.method == 'percentile' and mean.high < (1 + 0.4) / 2
