"""The same logits as in testing, whatever the config does to images."""
import copy

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext.inference import Tiling, TorchModel, predict

SIZE = (75, 110)
PAD = dict(test_cfg=dict(size_divisor=32))


def picture() -> np.ndarray:
    """Coloured noise of several scales."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (8, 11, 3), np.uint8)
    fine = rng.integers(0, 60, (*SIZE, 3), np.uint8)
    return cv2.resize(coarse, SIZE[::-1]) // 2 + fine


def from_testing(cfg, model, folder) -> tuple[np.ndarray, np.ndarray]:
    """Return logits and classes as tools/test.py gets them."""
    (folder / 'images').mkdir()
    cv2.imwrite(str(folder / 'images/a.png'), picture())
    dataset = copy.deepcopy(cfg.test_dataloader.dataset)
    dataset.data_root = str(folder)
    sample = DATASETS.build(dataset)[0]
    with torch.no_grad():
        result, = model.test_step(pseudo_collate([sample]))
    return (result.seg_logits.data.cpu().numpy(),
            result.pred_sem_seg.data[0].cpu().numpy())


CASES = dict(
    plain=dict(),
    resized=dict(pipeline=[dict(type='Resize', scale=(64, 48))]),
    keeping_its_ratio=dict(
        pipeline=[dict(type='Resize', scale=(64, 64), keep_ratio=True)]),
    padded=dict(data_preprocessor=PAD),
    in_windows=dict(test_cfg=dict(
        mode='slide', crop_size=(64, 64), stride=(48, 40))),
    one_channel=dict(
        num_classes=2, out_channels=1, threshold=0.4,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True)),
)


@pytest.mark.parametrize('case', CASES)
def test_equals_testing(case, tmp_path):
    cfg = tiny_config(**CASES[case])
    binary = case == 'one_channel'
    if binary:
        cfg.test_dataloader.dataset.metainfo = dict(classes=('no', 'yes'))
    model = TorchModel(cfg, write_weights(cfg, tmp_path / 'model.pth'))
    logits, classes = from_testing(cfg, model.model, tmp_path)
    found = model.logits(np.stack([picture()] * 2))
    assert found.shape == (2, len(model.classes), *SIZE)
    assert found.dtype == np.float32 and found.flags.writeable
    if not binary:
        np.testing.assert_allclose(found[0], logits, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(found[0], found[1])
    assert len(np.unique(classes)) > 1
    np.testing.assert_array_equal(predict(model, picture()).mask, classes)
    assert model.resizes == ('resize' in case or 'ratio' in case)
    assert model.tiling == (
        Tiling((64, 64), (16, 24)) if case == 'in_windows' else Tiling())


def test_tiles_equal_the_whole_image(tmp_path):
    cfg = tiny_config()
    model = TorchModel(cfg, write_weights(cfg, tmp_path / 'model.pth'))
    # multiples of the stride: mmseg stretches what is none
    image = np.tile(picture(), (12, 10, 1))[:864, :992]
    whole = predict(model, image)
    # an output depends on pixels up to 65 away, 72 are not used
    tiled = predict(model, image, Tiling((576, 576), (288, 288), batch=2))
    assert (whole.tiles, tiled.tiles) == (1, 6)
    np.testing.assert_array_equal(tiled.mask, whole.mask)
    assert (whole.fractions > 0).sum() > 1


def test_classes_and_how_to_read_come_from_the_config(tmp_path):
    cfg = tiny_config()
    path = write_weights(cfg, tmp_path / 'model.pth')
    model = TorchModel(cfg, path)
    assert model.classes == ('A', 'B', 'C')
    assert model.palette == [[255, 0, 0], [0, 0, 255], [0, 255, 0]]
    assert (model.bit_depth, model.crop_bottom) == (None, 0)
    cfg.test_dataloader.dataset.update(
        bit_depth=12, info_band=60,
        metainfo=dict(classes=('x', 'y', 'z'), palette=[[1, 2, 3]] * 3))
    # a data set in a wrapper, and the config in a file
    cfg.test_dataloader.dataset = dict(
        type='RepeatDataset', times=1, dataset=cfg.test_dataloader.dataset)
    cfg.dump(str(tmp_path / 'config.py'))
    model = TorchModel(str(tmp_path / 'config.py'), path, 'cpu')
    digest = model.details.pop('model_sha256')
    assert model.details == dict(
        config='config.py', transforms=['none, images keep their size'],
        test_mode='whole images')
    assert model.classes == ('x', 'y', 'z')
    assert model.palette == [[1, 2, 3]] * 3
    assert (model.bit_depth, model.crop_bottom) == (12, 60)
    # what a run of predictions depends on beside the weights' file
    cfg.model.data_preprocessor.mean = [1., 2., 3.]
    other = TorchModel(cfg, path, 'cpu').details['model_sha256']
    assert len(digest) == 64 and digest != other


def test_details_are_a_line_each(tmp_path):
    cfg = tiny_config(
        [dict(type='Resize', scale=(64, 48), keep_ratio=True),
         dict(type='ResizeToMultiple', size_divisor=32)],
        test_cfg=dict(mode='slide', crop_size=(64, 32), stride=(48, 32)))
    model = TorchModel(cfg, write_weights(cfg, tmp_path / 'model.pth'))
    assert model.details['transforms'] == [
        'Resize(scale=(64, 48), keep_ratio=True)',
        'ResizeToMultiple(size_divisor=32)']
    assert model.details['test_mode'] == (
        'windows of 64 x 32 pixels, every 48 x 32')


def test_configs_that_do_not_fit(tmp_path):
    cfg = tiny_config()
    path = write_weights(cfg, tmp_path / 'model.pth')
    cfg.test_dataloader.dataset.metainfo = dict(classes=('x', 'y'))
    with pytest.raises(ValueError, match=r'has 3 classes.* 2 \(x, y\)'):
        TorchModel(cfg, path)
    cfg.test_dataloader.dataset.metainfo = dict(classes=tuple('abcdefghij'))
    with pytest.raises(ValueError, match='10 classes and 8 colours'):
        TorchModel(cfg, path)
    cfg.pop('test_dataloader')
    with pytest.raises(ValueError, match='no test_dataloader'):
        TorchModel(cfg, path)
