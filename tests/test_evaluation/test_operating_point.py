"""Thresholds against pixels that are compared one by one."""
import math

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_ext.evaluation import OperatingPoints, describe_choice
from mmseg_ext.evaluation.anomaly_score import (
    bin_scores,
    score_bins,
    score_sample,
)

SIZE = 40


def images(seed: int = 0, clean: int = 2):
    """Log odds and truth of some images, with pixels that are ignored."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(5):
        truth = np.zeros((SIZE, SIZE), np.int64)
        if i >= clean:
            truth[5:15, 5:5 + 3 * i] = 1
        truth[0] = 255
        found.append((rng.normal(size=truth.shape) - 2 + 1.5 * truth.clip(
            max=1), truth))
    return found


def collected(pictures, channels: int = 2) -> OperatingPoints:
    points = OperatingPoints()
    for scores, truth in pictures:
        odds = torch.as_tensor(scores, dtype=torch.float32)
        logits = (torch.stack([-odds / 2, odds / 2]) if channels == 2 else
                  odds.sigmoid()[None])
        sample = SegDataSample(metainfo=dict(img_path='a.png'))
        sample.seg_logits = PixelData(data=logits)
        sample.gt_sem_seg = PixelData(data=torch.as_tensor(truth)[None])
        points.add(score_sample(sample.to_dict(), 2))
    return points


def written_out(pictures, threshold: float) -> dict:
    """IoU, precision, recall and images, from the pixels."""
    scores = np.concatenate([s[t != 255] for s, t in pictures])
    truth = np.concatenate([t[t != 255] for s, t in pictures]) == 1
    seen = scores > threshold
    flags = [(s[t != 255] > threshold).any() for s, t in pictures]
    labels = [(t == 1).any() for _, t in pictures]
    return dict(
        iou=(seen & truth).sum() / (seen | truth).sum(),
        precision=(seen & truth).sum() / seen.sum(),
        recall=(seen & truth).sum() / truth.sum(),
        found=sum(f for f, is_bad in zip(flags, labels) if is_bad),
        alarms=sum(f for f, is_bad in zip(flags, labels) if not is_bad))


@pytest.mark.parametrize('channels', [2, 1])
@pytest.mark.parametrize('threshold', [-2.0, 0.0, 0.7])
def test_at(channels, threshold):
    pictures = images()
    point = collected(pictures, channels).at(threshold)
    for name, value in written_out(pictures, threshold).items():
        assert getattr(point, name) == pytest.approx(value, abs=2e-3), name
    assert (point.defective, point.good) == (3, 2)
    assert point.threshold == pytest.approx(1 / (1 + math.exp(-threshold)))


def test_thresholds_at_the_ends():
    points = collected(images())
    for log_odds, probability in ((-5000.0, 0), (5000.0, 1)):
        assert points.at(log_odds).threshold == probability
    _, chosen, *_ = describe_choice(points.at(7.0), points.at(0.0))
    assert chosen.startswith('threshold 99.9 %: ')


def test_best_is_none_of_all_others_better():
    pictures = images()
    best = collected(pictures).best()
    ious = [written_out(pictures, t)['iou'] for t in np.linspace(-5, 2, 300)]
    assert best.iou >= max(ious) - 1e-3
    assert written_out(pictures, best.log_odds)['iou'] == pytest.approx(
        best.iou, abs=2e-3)


@pytest.mark.parametrize('recall', [0.5, 0.9, 1.0])
def test_recall_by_the_highest_threshold(recall):
    pictures = images()
    points = collected(pictures)
    point = points.best(recall)
    assert point.recall >= recall
    assert written_out(pictures, point.log_odds)['recall'] >= recall - 1e-3
    # by a little more, and too few are found
    assert points.at(point.log_odds + 0.02).recall < recall


def test_middles_of_bins():
    scores = torch.tensor([-50.0, -3.0, -0.01, 0.02, 0.5, 20.0])
    middles = bin_scores()[score_bins(scores)]
    np.testing.assert_allclose(middles, scores, rtol=1e-3, atol=7e-4)
    assert (np.diff(bin_scores()) > 0).all()


def test_without_a_defect():
    points = collected(images(clean=5))
    assert not points.has_defects
    for recall in (None, 0.5):
        with pytest.raises(ValueError, match='No pixel is'):
            points.best(recall)


def test_unlabelled_image_has_no_part():
    pictures = images()
    blank = [(pictures[0][0], np.full((SIZE, SIZE), 255))]
    assert collected(pictures + blank).best() == collected(pictures).best()


def test_described():
    points = collected(images())
    usual, chosen, *rest = describe_choice(points.best(), points.at(0))
    assert usual.startswith('threshold 50 %: IoU ')
    assert 'in 3 of 3 defective images and in' in chosen
    assert rest == ['It was chosen by 3 defective validation images: with '
                    'others it may be quite another']


def test_described_where_nothing_is_found():
    assert 'precision -, recall 0.0 %; something found in 0 of 3' in (
        collected(images()).at(50).describe())
