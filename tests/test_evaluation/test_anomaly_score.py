"""Anomaly scores against their definitions on sorted, unbinned scores."""
import pickle

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_ext.evaluation import AnomalyScoreMetric, auroc, average_precision
from mmseg_ext.evaluation.anomaly_score import pixel_scores, score_bins

SIZE = 300


def exact_ap(scores, labels) -> float:
    """sum_n (R_n - R_{n-1}) P_n over distinct thresholds, in percent."""
    scores, labels = np.asarray(scores).ravel(), np.asarray(labels).ravel()
    order = np.argsort(-scores, kind='stable')
    scores, labels = scores[order], labels[order]
    last = np.append(scores[1:] != scores[:-1], True)  # of equal scores
    hits = np.cumsum(labels)[last]
    precision = hits / (np.flatnonzero(last) + 1)
    recall = hits / labels.sum()
    return 100 * float((np.diff(recall, prepend=0) * precision).sum())


def pair_auroc(scores, labels) -> float:
    """Fraction of pairs in the right order, by two loops, in percent."""
    wins = [(p > n) + 0.5 * (p == n) for p, a in zip(scores, labels) if a
            for n, b in zip(scores, labels) if not b]
    return 100 * float(np.mean(wins))


def sample_of(logits, truth, **keys) -> SegDataSample:
    sample = SegDataSample(metainfo=dict(img_path='x/a.png', **keys))
    sample.seg_logits = PixelData(data=torch.as_tensor(logits))
    sample.gt_sem_seg = PixelData(data=torch.as_tensor(truth)[None].long())
    return sample


def from_score(score) -> torch.Tensor:
    """Two logits with these log odds."""
    score = torch.as_tensor(score, dtype=torch.float32)
    return torch.stack([-score / 2, score / 2])


def evaluate(samples, classes=('good', 'defect'), **kwargs) -> dict:
    init_default_scope('mmseg')
    evaluator = Evaluator(dict(type='AnomalyScoreMetric', **kwargs))
    evaluator.dataset_meta = dict(classes=classes)
    for sample in samples:
        evaluator.process([sample])
    return evaluator.evaluate(len(samples))


def random_truth(fraction: float, seed: int = 0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(SIZE, SIZE, generator=rng) < fraction


def log_odds(truth, spread: float, shift: float, seed: int = 1):
    rng = torch.Generator().manual_seed(seed)
    noise = torch.randn(truth.shape, generator=rng)
    return spread * noise + shift + 2 * spread * truth


def test_average_precision_by_hand():
    # scores 1, 2, 3: (1 of 1), then (2 of 4), then (3 of 6)
    ap = average_precision([1, 1, 1], [1, 2, 0])
    assert ap == pytest.approx((1 + 2 / 4 + 3 / 6) / 3)
    assert average_precision([0, 2], [3, 0]) == 1
    assert average_precision([2, 0], [0, 3]) == pytest.approx(2 / 5)
    assert average_precision([5], [15]) == 0.25  # one tie: the fraction
    assert np.isnan(average_precision([0, 0], [1, 2]))
    assert np.isnan(average_precision([1, 2], [0, 0]))


def test_average_precision_of_counts_beyond_32_bits():
    many = np.array([2**31 - 1] * 4, np.int32)
    assert average_precision(many, many) == pytest.approx(0.5)


def test_auroc_counts_pairs_and_halves_ties():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 10, 60)
    labels = rng.random(60) < 0.3
    assert 100 * auroc(scores, labels) == pytest.approx(
        pair_auroc(scores, labels))
    assert auroc([3, 3, 3], [True, False, False]) == 0.5
    assert np.isnan(auroc([1, 2], [True, True]))
    assert np.isnan(auroc([1, 2], [False, False]))


@pytest.mark.parametrize('fraction', [0.5, 0.02, 0.002])
@pytest.mark.parametrize('kind', [
    'random', 'offset', 'large', 'saturated', 'sigmoid', 'confident sigmoid',
    'probabilities', 'half probabilities', 'confident probabilities',
    'one raw logit'
])
def test_binned_pixel_ap_is_that_of_sorted_scores(kind, fraction):
    truth = random_truth(fraction)
    score = log_odds(truth, 1, 0)
    if kind == 'random':
        logits = from_score(score)
    elif kind == 'offset':
        score = 4 * score - 10
        logits = from_score(score)
    elif kind == 'large':
        score = 200 * score - 1000
        logits = from_score(score)
    elif kind == 'saturated':
        score = (20 * score).clamp(-30, 30)
        logits = from_score(score)
    elif kind == 'one raw logit':
        logits = score[None]
    else:
        confidence = 8 if 'confident' in kind else 2
        score = torch.stack([
            confidence * log_odds(truth, 1, 0, seed) for seed in (1, 2, 3)
        ]).double().sigmoid().mean(0)  # as test-time augmentation averages
        logits = torch.stack([1 - score, score]).float()
        if 'sigmoid' in kind:
            score = score.float()
            logits = score[None]
        if 'half' in kind:
            logits = logits.half()
            score = logits[1].float().log() - logits[0].float().log()
    metrics = evaluate([sample_of(logits, truth)])
    assert metrics['pixelAP'] == pytest.approx(
        exact_ap(score, truth), abs=0.1)


def test_few_bins_cost_precision():
    truth = random_truth(0.02)
    score = log_odds(truth, 1, 0)
    metrics = evaluate([sample_of(from_score(score), truth)], num_bins=64)
    assert abs(metrics['pixelAP'] - exact_ap(score, truth)) > 1


def test_bins_keep_the_order_at_any_magnitude():
    ends = torch.logspace(-6, 6, 500)
    for sigmoid in (False, True):
        scores = torch.cat([
            torch.tensor([-torch.inf]), -ends.flip(0),
            torch.tensor([0.]), ends, torch.tensor([torch.inf])
        ])
        bins = score_bins(scores, 1024, sigmoid)
        assert (bins.diff() >= 0).all()
        assert bins[0] == 0
        assert bins[-1] == 1023
    close = torch.tensor([1e-9, 1e-8, 0.5, 0.999, 0.9999, 0.99999])
    assert (score_bins(close, sigmoid=True).diff() > 0).all()


def test_score_is_the_log_odds():
    rng = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(4, 6, 7, generator=rng)
    odds = logits.double().softmax(0)
    expected = (odds[2] / (1 - odds[2])).log().float()
    torch.testing.assert_close(pixel_scores(logits, 2), expected)
    torch.testing.assert_close(
        pixel_scores(logits.softmax(0), 2), expected, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(
        pixel_scores(logits[:2], 0), logits[0] - logits[1])


def test_image_scores_are_exact():
    rng = np.random.default_rng(0)
    truth = torch.zeros(12, 4, 4, dtype=torch.bool)
    truth[:5, 1, 2] = True
    # far finer than the bins, with ties
    highest = 5 + 1e-5 * rng.integers(0, 8, 12)
    scores = torch.full((12, 4, 4), -3.)
    scores[:, 0, 3] = torch.as_tensor(highest).float()
    metrics = evaluate(
        [sample_of(from_score(s), t) for s, t in zip(scores, truth)])
    labels = np.arange(12) < 5
    assert metrics['imageAUROC'] == pytest.approx(
        pair_auroc(highest, labels), abs=1e-4)
    assert metrics['imageAP'] == pytest.approx(
        exact_ap(highest, labels), abs=1e-4)


def test_groups_their_mean_and_the_pool():
    samples, images = [], []
    for i in range(12):
        truth = random_truth(0.05, i)[:20, :20]
        truth &= i % 4 != 0
        score = log_odds(truth, 1 + i % 3, -i % 3, i)
        group = 'ab'[i % 2]
        samples.append(sample_of(from_score(score), truth, category=group))
        images.append((group, score.numpy(), truth.numpy()))
    metrics = evaluate(samples, group_key='category', num_bins=2**17)
    expected = {}
    for group in ('a', 'b', None):
        score, truth = (
            np.stack([image[k] for image in images if group in (None,
                                                                image[0])])
            for k in (1, 2))
        prefix = '' if group is None else f'{group}.'
        highest, labels = score.max(axis=(1, 2)), truth.any(axis=(1, 2))
        expected[f'{prefix}pixelAP'] = exact_ap(score, truth)
        if group != 'b':  # which has no good image
            expected[f'{prefix}imageAUROC'] = pair_auroc(highest, labels)
            expected[f'{prefix}imageAP'] = exact_ap(highest, labels)
    expected['category_mean.pixelAP'] = (
        expected['a.pixelAP'] + expected['b.pixelAP']) / 2
    for name in ('imageAUROC', 'imageAP'):
        assert np.isnan(metrics.pop(f'b.{name}'))
        expected[f'category_mean.{name}'] = expected[f'a.{name}']
    assert metrics == pytest.approx(expected, abs=0.02)


def test_undefined_scores_are_nan():
    good = sample_of(from_score(torch.zeros(2, 2)), torch.zeros(2, 2))
    metrics = evaluate([good])
    assert all(np.isnan(value) for value in metrics.values())
    bad = sample_of(from_score(torch.ones(2, 2)), torch.ones(2, 2))
    assert all(np.isnan(value) for value in evaluate([bad]).values())
    assert evaluate([good, bad]) == dict(
        pixelAP=100, imageAUROC=100, imageAP=100)


def test_ignored_pixels_count_nowhere():
    # the positive is in the lowest bin, where the ignored must not be
    score = torch.tensor([[9., 1.], [-1e5, -1.]])
    truth = torch.tensor([[255, 0], [1, 0]])
    other = torch.tensor([[2., torch.nan]]), torch.tensor([[0, 255]])
    metrics = evaluate([
        sample_of(from_score(score), truth),
        sample_of(from_score(other[0]), other[1])
    ])
    assert metrics['pixelAP'] == 25
    assert metrics['imageAUROC'] == 0  # 1 against 2; 9 is ignored


def test_unlabelled_image_is_left_out():
    samples = [
        sample_of(from_score([[1., 0.]]), [[1, 0]]),
        sample_of(from_score([[2., 0.]]), [[0, 0]]),
    ]
    unlabelled = sample_of(from_score([[0., 0.]]), [[255, 255]])
    assert evaluate([*samples, unlabelled]) == evaluate(samples)


def test_another_class_of_many():
    logits = torch.tensor([[[5., 0., 0.]], [[0., 5., 0.]], [[0., 0., 5.]]])
    truth = [[2, 1, 0]]
    classes = ('A', 'B', 'C')
    sample = sample_of(logits, truth)
    assert evaluate([sample], classes, positive=1)['pixelAP'] == 100
    assert evaluate([sample], classes, positive=2)['pixelAP'] < 51


def test_one_small_picklable_result_for_each_sample():
    metric = AnomalyScoreMetric(group_key='category')
    metric.dataset_meta = dict(classes=('good', 'defect'))
    truth = random_truth(0.02)
    unlabelled = torch.full((SIZE, SIZE), 255)
    samples = [
        sample_of(from_score(log_odds(truth, 3, -8, i)), t, category=c)
        for i, (t, c) in enumerate([(truth, 'a'), (unlabelled, 'b'),
                                    (truth, 'b')])
    ]
    metric.process({}, [sample.to_dict() for sample in samples])
    assert len(metric.results) == 3
    stored = pickle.dumps(metric.results)
    assert len(stored) < 3 * 12 * metric.num_bins
    np.testing.assert_equal(
        metric.compute_metrics(pickle.loads(stored)[::-1]),
        metric.evaluate(3))


def test_sample_without_scores_or_group():
    sample = sample_of(from_score([[0., 1.]]), [[0, 1]])
    with pytest.raises(ValueError, match="has no 'category': add it to meta"):
        evaluate([sample], group_key='category')
    del sample.seg_logits
    with pytest.raises(ValueError, match=r"x/a\.png has no 'seg_logits'"):
        evaluate([sample])


@pytest.mark.parametrize('group', ['pixelAP', 'category_mean', 'pooled'])
def test_group_named_like_a_result(group):
    sample = sample_of(from_score([[0., 1.]]), [[0, 1]], category=group)
    with pytest.raises(ValueError, match=f"category='{group}'"):
        evaluate([sample], group_key='category')


@pytest.mark.parametrize('shape', [(3, 1, 2), (2, 2, 1)])
def test_scores_that_do_not_fit(shape):
    with pytest.raises(ValueError,
                       match=r'a\.png have the shape .*2 or 1, 1, 2'):
        evaluate([sample_of(torch.zeros(shape), [[0, 1]])])


def test_nan_and_foreign_labels_are_refused():
    with pytest.raises(ValueError, match=r'x/a\.png hold nan'):
        evaluate([sample_of(from_score([[torch.nan, 1.]]), [[0, 1]])])
    with pytest.raises(ValueError, match=r'no class: 7 \(50 %\)'):
        evaluate([sample_of(from_score([[0., 1.]]), [[0, 7]])])


@pytest.mark.parametrize('positive, channels', [(2, 2), (-1, 2), (0, 1)])
def test_class_without_a_channel(positive, channels):
    sample = sample_of(torch.zeros(channels, 1, 2), [[0, 1]])
    with pytest.raises(ValueError, match=f'positive={positive}'):
        evaluate([sample], positive=positive)


def test_bad_number_of_bins():
    with pytest.raises(ValueError, match='num_bins=1'):
        AnomalyScoreMetric(num_bins=1)
