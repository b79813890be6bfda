"""Class-ratio error against its formula and scipy."""
import re

import numpy as np
import pytest
import torch
from scipy import stats

from mmseg_ext.evaluation import ClassRatioMetric, phase_report
from mmseg_ext.evaluation.class_ratio import (
    confidence_interval,
    count_classes,
    describe_report,
)

CLASSES = ('A', 'B', 'C')


def counts_of(*pairs) -> np.ndarray:
    return np.stack([
        count_classes(torch.tensor(pred), torch.tensor(truth), 3)
        for pred, truth in pairs
    ])


def formula(pairs, ignore: int = 255) -> np.ndarray:
    """e_c = |1/N_p sum [p_i = c] - 1/N_p sum [g_j = c]| * 100, by loops."""
    errors = []
    for pred, truth in pairs:
        kept = [(p, g) for p, g in zip(pred, truth) if g != ignore]
        errors.append([
            abs(
                sum(p == c for p, _ in kept) / len(kept) -
                sum(g == c for _, g in kept) / len(kept)) * 100
            for c in range(3)
        ])
    return np.mean(errors, axis=0)


def metric_of(pairs, **kwargs) -> dict:
    metric = ClassRatioMetric(**kwargs)
    metric.dataset_meta = dict(classes=CLASSES)
    metric.process({}, [
        dict(
            pred_sem_seg=dict(data=torch.tensor([[pred]])),
            gt_sem_seg=dict(data=torch.tensor([[truth]])),
            seg_map_path='masks/val/x.png') for pred, truth in pairs
    ])
    return metric.evaluate(len(pairs))


def test_equals_the_formula():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (5, 60))
    truth[rng.random(truth.shape) < 0.2] = 255
    pairs = list(zip(rng.integers(0, 3, (5, 60)).tolist(), truth.tolist()))
    np.testing.assert_allclose(
        phase_report(counts_of(*pairs)).error, formula(pairs))


def test_all_wrong():
    report = phase_report(counts_of(([0] * 4, [1] * 4)))
    assert report.error.tolist() == [100, 100, 0]
    assert round(report.error.mean(), 3) == 66.667
    assert report.bias.tolist() == [100, -100, 0]


def test_blind_to_the_place():
    report = phase_report(counts_of(([0, 0, 1, 1], [1, 1, 0, 0])))
    assert report.error.tolist() == [0, 0, 0]


def test_image_and_dataset_aggregates():
    pairs = [([0] * 6 + [1] * 4, [0] * 5 + [1] * 5),
             ([0] * 4 + [1] * 6, [0] * 5 + [1] * 5)]
    counts = counts_of(*pairs)
    assert round(phase_report(counts).error.mean(), 3) == 6.667
    assert phase_report(counts, 'dataset').error.mean() == 0


def test_ignored_pixels_are_on_neither_side():
    counts = counts_of(([0, 0, 1, 2], [0, 255, 1, 255]))
    assert counts.tolist() == [[[1, 1, 0], [1, 1, 0]]]


def test_confidence_interval_is_students_t():
    fractions = np.random.default_rng(0).normal(30, 5, (8, 2))
    for column, half in zip(fractions.T, confidence_interval(fractions)):
        low, high = stats.t.interval(0.95, 7, column.mean(),
                                     stats.sem(column))
        assert half == pytest.approx((high - low) / 2)
    assert np.isnan(confidence_interval(fractions[:1])).all()


def test_metric_returns_every_number():
    pairs = [([0, 0, 1, 2], [0, 1, 1, 2]), ([2, 2, 2, 2], [2, 2, 1, 1])]
    metrics = metric_of(pairs)
    assert metrics['ClassRatioError'] == pytest.approx(
        formula(pairs).mean(), abs=1e-4)
    assert metrics['ClassRatioError.A'] == 12.5
    assert metrics['ClassRatioBias.B'] == pytest.approx(-37.5)
    assert metrics['TrueFraction.C'] == 37.5
    assert metrics['PredFraction.C'] == 62.5
    # two images: s = 50 / sqrt(2), half width = t(0.975, 1) * s / sqrt(2)
    assert metrics['PredFractionCI95.A'] == pytest.approx(
        12.706 * 50 / 2, rel=1e-3)


def test_one_image_has_no_interval():
    assert np.isnan(metric_of([([0], [0])])['TrueFractionCI95.A'])


def test_unlabelled_image_is_left_out():
    pairs = [([0, 1], [0, 0]), ([0, 1], [255, 255])]
    assert metric_of(pairs)['ClassRatioError'] == metric_of(
        pairs[:1])['ClassRatioError']


def test_no_labels_at_all_is_an_error():
    with pytest.raises(ValueError, match='at least one image'):
        metric_of([([0, 1], [255, 255])])


def test_label_outside_the_classes_is_an_error():
    with pytest.raises(ValueError, match=re.escape(
            'masks/val/x.png holds values that are no class: 7 (50 %)')):
        metric_of([([0, 1], [0, 7])])


def test_bad_aggregate():
    with pytest.raises(ValueError, match="aggregate='pixel'"):
        ClassRatioMetric(aggregate='pixel')
    with pytest.raises(ValueError, match="aggregate='pixel'"):
        phase_report(np.ones((1, 2, 3)), 'pixel')


def test_the_table_says_what_few_images_tell():
    counts = np.array([[[20, 80], [40, 60]], [[90, 10], [80, 20]]])
    said = describe_report(phase_report(counts), ['A', 'B'], 2)
    assert 'n = 2' in said
    assert '60.00 (0.00 to 100.00)' in said  # 60 +- 254
    assert 'Only 2 images' in said
    assert 'The interval of A, B is wider' in said


@pytest.mark.parametrize('value', [3, 200, -1])
def test_predictions_outside_the_classes_are_named(value):
    with pytest.raises(ValueError, match=(
            rf'prediction of masks/val/x\.png holds class {value}, the data '
            'set has 3 classes: set the decode head')):
        metric_of([([0, 1, value, 2], [0, 1, 2, 255])])
