"""Loaders with the stock ones' results, and what they refuse."""
import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image
from tiff_writer import grey, tiff

from mmseg_ext.datasets import (
    LoadCheckedAnnotations,
    LoadCheckedImageFromFile,
)

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (9, 13, 3), np.uint8)
IDS = RNG.integers(0, 5, (9, 13), np.uint8)


def image_by(loader, path, **kwargs) -> dict:
    return loader(**kwargs)(dict(img_path=str(path)))


def labels_by(loader, path, **sample) -> np.ndarray:
    return loader()(dict(
        seg_map_path=str(path), seg_fields=[],
        **dict(dict(reduce_zero_label=False), **sample)))['gt_seg_map']


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'bmp', 'tif'])
@pytest.mark.parametrize('mode', ['L', 'RGB'])
@pytest.mark.parametrize('to_float32', [False, True])
def test_ordinary_images_as_the_stock_loader(tmp_path, suffix, mode,
                                             to_float32):
    path = tmp_path / f'a.{suffix}'
    Image.fromarray(COLOURS).convert(mode).save(path)
    stock, ours = (image_by(loader, path, to_float32=to_float32)
                   for loader in (LoadImageFromFile,
                                  LoadCheckedImageFromFile))
    assert ours.keys() == stock.keys()
    assert ours['img'].dtype == stock['img'].dtype
    np.testing.assert_array_equal(ours['img'], stock['img'])
    assert ours['img_shape'] == ours['ori_shape'] == stock['ori_shape']


def test_16_bits_are_scaled(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.array([[0, 4095]], np.uint16))
    with pytest.raises(ValueError, match='bit_depth'):
        image_by(LoadCheckedImageFromFile, tmp_path / 'a.png')
    found = image_by(LoadCheckedImageFromFile, tmp_path / 'a.png',
                     bit_depth=12)
    assert found['img'][0, :, 0].tolist() == [0, 255]


def test_damaged_images_are_refused(tmp_path):
    Image.fromarray(COLOURS).save(tmp_path / 'a.png')
    data = (tmp_path / 'a.png').read_bytes()
    (tmp_path / 'a.png').write_bytes(data[:-30])
    with pytest.raises(ValueError, match=r'a\.png cannot be read'):
        image_by(LoadCheckedImageFromFile, tmp_path / 'a.png')
    assert image_by(LoadCheckedImageFromFile, tmp_path / 'a.png',
                    ignore_empty=True) is None


def test_other_kinds_of_colour_are_the_stock_loaders():
    with pytest.raises(ValueError, match='LoadImageFromFile'):
        LoadCheckedImageFromFile(color_type='grayscale')


@pytest.mark.parametrize('sample', [
    {}, dict(label_map={1: 4, 4: 255}), dict(reduce_zero_label=True)])
@pytest.mark.parametrize('mode', ['L', 'P'])
def test_ordinary_labels_as_the_stock_loader(tmp_path, mode, sample):
    picture = Image.fromarray(IDS, mode)
    if mode == 'P':
        picture.putpalette(RNG.integers(0, 256, 15, np.uint8).tobytes())
    picture.save(tmp_path / 'a.png')
    ours, stock = (labels_by(loader, tmp_path / 'a.png', **sample)
                   for loader in (LoadCheckedAnnotations, LoadAnnotations))
    assert ours.dtype == stock.dtype
    np.testing.assert_array_equal(ours, stock)


def test_labels_beyond_8_bits_are_refused(tmp_path):
    (tmp_path / 'a.tif').write_bytes(
        tiff([grey(IDS.astype(int) + 254, 16)], '>'))
    with pytest.raises(ValueError, match='values from 254 to 258'):
        labels_by(LoadCheckedAnnotations, tmp_path / 'a.tif')
    Image.fromarray(COLOURS).save(tmp_path / 'a.png')
    with pytest.raises(ValueError, match='picture in colours'):
        labels_by(LoadCheckedAnnotations, tmp_path / 'a.png')
