"""Statistics of training images, from the data set to the checkpoint."""
import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import RepeatDataset
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from tiny_training import Patches
from torch.utils.data import DataLoader

from mmseg_ext.engine.intensity_hook import (
    KEY,
    IntensityHook,
    saved_intensities,
    training_intensities,
)


@pytest.fixture
def dataset(tmp_path):
    """Six images of growing brightness, with a black band at the bottom."""
    rng = np.random.default_rng(0)
    for folder in ('images', 'masks'):
        (tmp_path / folder).mkdir()
    for i in range(6):
        image = rng.integers(50 + 20 * i, 70 + 20 * i, (40, 48), np.uint8)
        image[32:] = 0
        mask = np.zeros((32, 48), np.uint8)
        mask[:, 40:] = 255
        image[:32, 40:] = 255  # where there is no label
        cv2.imwrite(str(tmp_path / f'images/{i}.png'), image)
        cv2.imwrite(str(tmp_path / f'masks/{i}.png'), mask)
    init_default_scope('mmseg')
    return DATASETS.build(dict(
        type='SEMDataset', data_root=str(tmp_path), info_band='mask',
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        pipeline=[
            dict(type='LoadSEMImageFromFile'), dict(type='LoadSEMAnnotations'),
            dict(type='RandomCrop', crop_size=(8, 8)),
            dict(type='PackSegInputs')]))


def test_bands_and_ignored_pixels_do_not_count(dataset):
    found = training_intensities(dataset)
    assert (found.images, found.total, found.bits) == (6, 6, 8)
    np.testing.assert_allclose(found.means[:2], [59.5, 159.5], atol=0.7)
    assert found.std == pytest.approx(5.77, abs=0.2)  # of 20 even levels


def test_images_are_drawn_evenly_and_no_number(dataset):
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    found = training_intensities(RepeatDataset(dataset, 2), count=2)
    np.testing.assert_array_equal(before, np.random.get_state()[1])
    assert (found.images, found.total) == (2, 6)
    np.testing.assert_allclose(found.means[:2], [79.5, 139.5], atol=0.7)


def test_a_broken_file_is_left_to_the_training(dataset, tmp_path):
    (tmp_path / 'images/2.png').write_bytes(b'none')
    assert training_intensities(dataset).images == 5


class Runner:
    """As much of a runner as the hook looks at."""

    def __init__(self, dataset):
        self.train_dataloader = DataLoader(dataset)
        self.logger = MMLogger.get_instance('test_intensity_hook')


def test_travels_with_the_checkpoint(dataset, tmp_path):
    hook, checkpoint = IntensityHook(), dict(meta={})
    hook.before_train(Runner(dataset))
    hook.before_save_checkpoint(None, checkpoint)
    path = tmp_path / 'weights.pth'
    torch.save(checkpoint, path)
    meta = torch.load(path, weights_only=True)['meta']
    found = saved_intensities(meta, str(path))
    assert found == training_intensities(dataset)
    assert saved_intensities({}, str(path)) is None
    with pytest.raises(ValueError, match=r'weights\.pth'):
        saved_intensities({KEY: [1]}, str(path))


def test_a_data_set_without_images_is_passed_over():
    hook, checkpoint = IntensityHook(), dict(meta={})
    hook.before_train(Runner(Patches()))
    hook.before_save_checkpoint(None, checkpoint)
    assert checkpoint == dict(meta={})
