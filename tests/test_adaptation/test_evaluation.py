"""The mIoU that --evaluate prints, against one of plain predictions."""
import cv2
import numpy as np
import pytest
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext.adaptation.evaluation import mean_ious
from mmseg_ext.basics import read_image
from mmseg_ext.inference import TorchModel, predict


@pytest.fixture
def labelled(tmp_path):
    """A config with three labelled test images."""
    cfg = tiny_config()
    for folder in ('images', 'masks'):
        (tmp_path / folder).mkdir()
    rng = np.random.default_rng(0)
    for i in range(3):
        noise = rng.integers(0, 256, (8, 10), np.uint8)
        image = cv2.resize(noise, (48, 40), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(tmp_path / f'images/{i}.png'), image)
        cv2.imwrite(str(tmp_path / f'masks/{i}.png'), image // 86)
    cfg.update(
        default_scope='mmseg', test_cfg=dict(type='TestLoop'),
        test_evaluator=dict(type='IoUMetric', iou_metrics=['mIoU']))
    cfg.test_dataloader.update(
        batch_size=1, num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False))
    cfg.test_dataloader.dataset.update(
        data_root=str(tmp_path), data_prefix=dict(
            img_path='images', seg_map_path='masks'),
        metainfo=dict(classes=tuple('ABC'),
                      palette=[[i, i, i] for i in range(3)]))
    return cfg, write_weights(cfg, tmp_path / 'weights.pth')


def test_is_that_of_all_pixels(labelled, tmp_path):
    cfg, weights = labelled
    model = TorchModel(cfg.copy(), weights)
    counts = np.zeros((3, 3))
    for i in range(3):
        found = predict(model, read_image(str(tmp_path / f'images/{i}.png')))
        truth = cv2.imread(str(tmp_path / f'masks/{i}.png'), -1)
        np.add.at(counts, (truth, found.mask), 1)
    hits = counts.diagonal()
    ious = hits / (counts.sum(0) + counts.sum(1) - hits)
    assert mean_ious([(cfg, weights)]) == [
        pytest.approx(100 * ious.mean(), abs=0.01)]


def test_a_config_without_miou(labelled):
    cfg, weights = labelled
    cfg.test_evaluator.iou_metrics = ['mDice']
    with pytest.raises(ValueError, match='leave --evaluate away'):
        mean_ious([(cfg, weights)])
