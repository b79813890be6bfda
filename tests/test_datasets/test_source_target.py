"""Images of two domains in one data set."""
import shutil

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.datasets.source_target import (
    common_files,
    unlabeled_pipeline,
)

PIPELINE = [
    dict(type='LoadSEMImageFromFile'), dict(type='LoadSEMAnnotations'),
    dict(type='RareClassCrop', crop_size=(32, 48)),
    dict(type='PackSegInputs')]


@pytest.fixture(scope='module')
def build(sem_root):
    init_default_scope('mmseg')

    def make(target, **kwargs):
        return DATASETS.build(dict(
            type='SourceTargetDataset', target=target, source=dict(
                dict(type='SEMDataset', data_root=str(sem_root),
                     info_band='mask', pipeline=PIPELINE), **kwargs)))

    return make


@pytest.fixture
def told(monkeypatch) -> list[str]:
    """Collect the warnings."""
    texts = []
    monkeypatch.setattr('mmseg_ext.datasets.source_target.print_log',
                        lambda text, **kwargs: texts.append(text))
    return texts


@pytest.fixture(scope='module')
def folder(sem_root):
    return str(sem_root / 'images/val')


@pytest.fixture(scope='module')
def others(sem_root, folder) -> dict:
    """The same target in each of the forms that it may take."""
    return dict(
        folder=folder, folders=[folder],
        change=dict(data_prefix=dict(img_path='images/val')),
        labelled=dict(
            type='SEMDataset', data_root=str(sem_root),
            data_prefix=dict(img_path='images/val',
                             seg_map_path='masks/val')))


@pytest.mark.parametrize('form', ['folder', 'folders', 'change', 'labelled'])
def test_every_sample_says_its_domain(build, others, form, told):
    dataset = build(others[form])
    assert not told
    assert len(dataset) == 6
    assert dataset.metainfo['classes'] == ('A', 'B', 'C')
    domains = []
    for i in range(6):
        sample = dataset[i]
        domains.append(sample['data_samples'].domain)
        assert sample['inputs'].shape == (3, 32, 48)
        labels = sample['data_samples'].gt_sem_seg.data
        assert labels.shape == (1, 32, 48)
        # no label of a target's, even if there is one
        assert bool((labels == 255).all()) == (i >= 4)
        assert ('seg_map_path' in dataset.get_data_info(i)) == (i < 4)
    assert domains == ['source'] * 4 + ['target'] * 2


def test_the_target_is_read_as_the_source(build, folder, tmp_path):
    image = np.full((64, 64), 2048, np.uint16)
    (tmp_path / 'new').mkdir()
    cv2.imwrite(str(tmp_path / 'new/a.png'), image)
    new = str(tmp_path / 'new')
    sample = build(new, bit_depth=12)[4]
    assert sample['inputs'].unique().tolist() == [128]
    own = dict(type='UnlabeledDataset', sources=[new], bit_depth=16)
    assert build(own, bit_depth=12)[4]['inputs'].unique().tolist() == [8]
    assert build(folder, info_band=7).get_data_info(4)['info_band'] == 7


def test_no_mask_tells_where_the_information_band_is(build, folder):
    steps = [step['type'] for step in unlabeled_pipeline(
        PIPELINE, 255, crop=True)]
    assert steps == ['LoadSEMImageFromFile', 'CropBottom',
                     'LoadNoAnnotations', 'RareClassCrop', 'PackSegInputs']
    transforms = build(folder).target.pipeline.transforms
    assert [type(step).__name__ for step in transforms] == steps
    assert transforms[1](transforms[0](
        build(folder).get_data_info(4)))['img'].shape == (96, 128, 3)


@pytest.mark.parametrize('target', [None, '', []])
def test_no_target_is_named(build, target):
    with pytest.raises(ValueError, match=(
            r'no target: .*train_dataloader\.dataset\.target=DIR')):
        build(target)


def test_an_empty_target(build, tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match=r'No image in .*empty'):
        build(str(tmp_path / 'empty'))
    with pytest.raises(FileNotFoundError, match=r'There is no .*nowhere'):
        build(str(tmp_path / 'nowhere'))
    with pytest.raises(FileNotFoundError, match=r'No images in .*nowhere'):
        build(dict(data_prefix=dict(img_path='images/nowhere')))


def test_a_pipeline_without_annotations(build, folder):
    with pytest.raises(ValueError, match='loads no annotations'):
        build(folder, pipeline=[PIPELINE[0], PIPELINE[3]])


def test_common_files_are_told(build, folder, sem_root, tmp_path, told):
    first, second = sorted((sem_root / 'images/train').iterdir())[:2]
    new = tmp_path / 'new'
    new.mkdir()
    (new / 'link.png').symlink_to(first)
    shutil.copy(second, new / 'copy.png')
    shutil.copy(f'{folder}/{next((sem_root / "images/val").iterdir()).name}',
                new / 'other.png')
    build(str(new))
    text, = told
    assert '2 of 3 images of the target' in text
    assert 'copy.png' in text and 'link.png' in text
    assert common_files([str(first)], [str(second)]) == []


def test_a_grey_picture_in_three_channels_is_no_other_kind(
        build, tmp_path, told):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((64, 64, 3), 9, np.uint8))
    build(str(tmp_path))
    assert not told
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((64, 64, 3), (9, 90, 200),
                                                 np.uint8))
    build(str(tmp_path))
    text, = told
    assert 'of 3 channels' in text and 'bit_depth' not in text


def deep_target(folder, **kwargs):
    cv2.imwrite(str(folder / 'a.png'), np.full((64, 64, 3), 9000, np.uint16))
    return dict(type='UnlabeledDataset', sources=[str(folder)], **kwargs)


def test_other_channels_and_depths_are_told(build, tmp_path, told):
    build(deep_target(tmp_path, bit_depth=14))
    text, = told
    assert 'source are of 1 channel and 8 bits' in text
    assert 'target of 3 channels and 16 bits' in text


def test_16_bits_beside_8_are_refused_until_their_depth_is_said(
        build, tmp_path, folder):
    with pytest.raises(ValueError, match=(
            r'of the target have 16 bits, such as .*a\.png.*bit_depth=12')):
        build(deep_target(tmp_path))
    # the reverse: a source that is deeper
    images, masks = tmp_path / 'own/images', tmp_path / 'own/masks'
    images.mkdir(parents=True)
    masks.mkdir()
    cv2.imwrite(str(images / 'a.png'), np.full((64, 64), 9000, np.uint16))
    cv2.imwrite(str(masks / 'a.png'), np.zeros((64, 64), np.uint8))
    source = dict(
        data_root=str(tmp_path / 'own'), info_band=0,
        data_prefix=dict(img_path='images', seg_map_path='masks'))
    with pytest.raises(ValueError, match=(
            r'of the source have 16 bits.*--dataset-options bit_depth=12')):
        build(folder, **source)
    build(folder, **source, bit_depth=14)
