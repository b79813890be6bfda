"""LoadBinaryAnnotations: encodings, and what is refused."""
import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_ext.datasets import LoadBinaryAnnotations

MASK = np.array([[0, 1, 1], [0, 0, 1]], np.uint8)


def load(path, shape=(2, 3)) -> np.ndarray:
    results = LoadBinaryAnnotations()(dict(
        img_path='image.png', seg_map_path=path and str(path),
        ori_shape=shape, seg_fields=[]))
    assert results['seg_fields'] == ['gt_seg_map']
    return results['gt_seg_map']


@pytest.mark.parametrize('stored', [
    MASK, 255 * MASK, np.repeat(255 * MASK[..., None], 3, axis=2),
    MASK.astype(np.uint16)
])
def test_encodings(tmp_path, stored):
    cv2.imwrite(str(tmp_path / 'm.png'), stored)
    loaded = load(tmp_path / 'm.png')
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, MASK)


@pytest.mark.parametrize('mode', ['1', 'P'])
def test_bits_and_palettes(tmp_path, mode):
    picture = Image.fromarray(255 * MASK).convert('1')
    if mode == 'P':
        picture = Image.fromarray(MASK, mode='P')
        picture.putpalette([0, 0, 0, 255, 0, 0])
    picture.save(tmp_path / 'm.png')
    np.testing.assert_array_equal(load(tmp_path / 'm.png'), MASK)


def test_no_file_is_background():
    np.testing.assert_array_equal(load(None), np.zeros((2, 3)))


@pytest.mark.parametrize(('stored', 'message'), [
    (127 * MASK, r'127 \(50 %\)'),
    (np.maximum(MASK, 255 * np.eye(2, 3, dtype=np.uint8)), 'both 1 and 255'),
    (MASK[..., None] * np.array([0, 0, 255], np.uint8), 'colours'),
    (MASK[:, :2] * 0, 'image.png is 3 x 2.*m.png is 2 x 2'),
])
def test_refused(tmp_path, stored, message):
    cv2.imwrite(str(tmp_path / 'm.png'), stored)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / 'm.png')
