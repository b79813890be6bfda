"""Scores of a classifier against their definitions, image by image."""
import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample

from mmseg_ext.evaluation import classification_scores

CLASSES = ('clean', 'defective')


def plain_ap(scores, labels) -> float:
    """Mean over positives of the precision at each one's score."""
    precisions = []
    for score, label in zip(scores, labels):
        if label:
            above = [other for other, s in zip(labels, scores) if s >= score]
            precisions.append(sum(above) / len(above))
    return sum(precisions) / len(precisions)


def plain_auroc(scores, labels) -> float:
    wins = [(p > n) + 0.5 * (p == n) for p, a in zip(scores, labels) if a
            for n, b in zip(scores, labels) if not b]
    return sum(wins) / len(wins)


def sample_of(logits, label: int) -> DataSample:
    sample = DataSample(metainfo=dict(img_path='x/a.png'))
    sample.set_pred_score(torch.as_tensor(logits).float().softmax(0))
    return sample.set_gt_label(int(label))


def evaluate(samples) -> dict:
    init_default_scope('mmseg')
    evaluator = Evaluator(dict(type='ImageClassificationMetric'))
    evaluator.dataset_meta = dict(classes=CLASSES)
    for sample in samples:
        evaluator.process([sample])
    return evaluator.evaluate(len(samples))


@pytest.mark.parametrize('levels', [3, 1000])
def test_scores_by_their_definitions(levels):
    rng = np.random.default_rng(0)
    labels = rng.random(80) < 0.3
    scores = rng.integers(-levels, levels, 80) + levels * labels // 2
    result = classification_scores(scores, labels)
    assert result['AP'] == pytest.approx(plain_ap(scores, labels))
    assert result['AUROC'] == pytest.approx(plain_auroc(scores, labels))
    pairs = list(zip(scores > 0, labels))
    right = sum(taken == label for taken, label in pairs)
    hits = pairs.count((True, True))
    assert result['accuracy'] == pytest.approx(right / 80)
    assert result['precision'] == pytest.approx(
        hits / (hits + pairs.count((True, False))))
    assert result['recall'] == pytest.approx(
        hits / (hits + pairs.count((False, True))))


def test_by_hand():
    result = classification_scores([3, 2, 1, -1, -2],
                                   [True, False, True, False, True])
    assert result == pytest.approx(dict(
        AP=(1 + 2 / 3 + 3 / 5) / 3, AUROC=3 / 6, accuracy=3 / 5,
        precision=2 / 3, recall=2 / 3))


def test_what_cannot_be_counted_is_nan():
    clean = classification_scores([-1, -2], [False, False])
    assert clean.pop('accuracy') == 1
    assert all(np.isnan(value) for value in clean.values())
    defective = classification_scores([-1, 2], [True, True])
    assert np.isnan([defective['AP'], defective['AUROC']]).all()
    assert (defective['precision'], defective['recall']) == (1, 0.5)


def test_metric_of_samples():
    rng = np.random.default_rng(1)
    labels = rng.random(40) < 0.4
    logits = rng.normal(size=(40, 2)) + np.stack([~labels, labels], axis=1)
    metrics = evaluate([sample_of(*pair) for pair in zip(logits, labels)])
    expected = classification_scores(logits[:, 1] - logits[:, 0], labels)
    assert metrics == pytest.approx(
        {name: 100 * value for name, value in expected.items()}, abs=1e-3)


def test_confident_scores_keep_their_order():
    # both probabilities are 1.0 in single precision
    samples = [sample_of([0, 40], 0), sample_of([0, 60], 1),
               sample_of([50, 0], 0)]
    assert evaluate(samples)['AP'] == 100
    assert evaluate([sample_of([0, 500], 1), *samples])['AP'] == 100


def test_one_kind_alone_has_no_ap():
    metrics = evaluate([sample_of([1., 0.], 0), sample_of([0., 1.], 0)])
    assert np.isnan(metrics['AP'])
    assert metrics['accuracy'] == 50


@pytest.mark.parametrize('logits', [[0., 1., 2.], [0., float('nan')]])
def test_scores_that_do_not_fit(logits):
    with pytest.raises(ValueError, match=r'x/a\.png .*two probabilities'):
        evaluate([sample_of(logits, 0)])
