"""Micrographs are read with and without mmengine alike."""
import cv2
import numpy as np
import pytest

from mmseg_ext.basics import read_image

LOCAL = dict(backend='local')  # mmengine's own reading


@pytest.mark.parametrize(('name', 'shape', 'dtype', 'bit_depth'), [
    ('a.png', (5, 7), np.uint8, None),
    ('a.jpg', (5, 7, 3), np.uint8, None),
    ('a.bmp', (5, 7, 3), np.uint8, None),
    ('a.png', (5, 7, 4), np.uint8, None),
    ('a.tif', (5, 7), np.uint16, None),
    ('a.png', (5, 7, 3), np.uint16, 16),
    ('a.tiff', (5, 7), np.uint16, 12),
])
def test_reads_the_same(tmp_path, name, shape, dtype, bit_depth):
    limit = 2**(bit_depth or 8 * np.dtype(dtype).itemsize)
    pixels = np.random.default_rng(0).integers(0, limit, shape, dtype)
    cv2.imwrite(str(tmp_path / name), pixels)
    found = read_image(tmp_path / name, bit_depth)
    assert found.shape == (5, 7, 3) and found.dtype == np.uint8
    np.testing.assert_array_equal(
        found, read_image(str(tmp_path / name), bit_depth, LOCAL))
    if bit_depth == 12:
        np.testing.assert_array_equal(
            found[..., 0], np.round(pixels / 4095 * 255))


def test_says_the_same_about_bad_files(tmp_path):
    cv2.imwrite(str(tmp_path / 'dark.png'), np.full((5, 7), 9, np.uint16))
    cv2.imwrite(str(tmp_path / 'float.tif'), np.ones((5, 7), np.float32))
    (tmp_path / 'broken.png').write_bytes(b'no image')
    for name in ('dark.png', 'float.tif', 'broken.png'):
        with pytest.raises(ValueError) as expected:
            read_image(str(tmp_path / name), backend_args=LOCAL)
        with pytest.raises(ValueError) as found:
            read_image(tmp_path / name)
        assert str(found.value) == str(expected.value)
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / 'missing.png')
