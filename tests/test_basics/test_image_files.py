"""Micrographs are read with and without mmengine alike."""
import cv2
import numpy as np
import pytest
from PIL import Image
from tiff_writer import tiff

from mmseg_ext.basics import decode_file, image_files, read_image, read_size

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


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'TIFF'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_size_is_that_of_the_pixels(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f'a.{kind.lower()}'
    Image.new('L', (7, 5)).save(path, exif=exif)
    assert read_size(path) == read_image(path).shape[:2]
    assert read_size(path) == ((7, 5) if orientation > 4 else (5, 7))


def test_beyond_pillows_limit_of_pixels(tmp_path):
    """Pillow alone refuses more than 179 million."""
    big = np.zeros((13400, 13400), np.uint8)
    big[-1, -1] = 200
    path = tmp_path / 'a.png'
    path.write_bytes(cv2.imencode('.png', big)[1].tobytes())
    assert read_size(path) == big.shape
    assert decode_file(path)[-1, -1] == 200


def test_more_than_the_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), np.zeros((9000, 9000), np.uint8))
    monkeypatch.setattr(image_files, 'available_memory', lambda: 1e8)
    with pytest.raises(ValueError, match=(
            r'a\.png has 9000 x 9000 pixels.*0\.1 GB are free')):
        read_image(path)


def test_a_picture_of_another_kind_is_named(tmp_path):
    path = tmp_path / 'a.png'
    path.write_bytes(b'%PDF-1.7 and so on')
    with pytest.raises(ValueError, match=r'a\.png cannot be read as an image '
                                         r'\(18 bytes\)'):
        read_image(path)


def test_two_channels_are_no_picture(tmp_path):
    tags = {256: 7, 257: 5, 258: (8, 8), 259: 1, 262: 1, 277: 2, 278: 5}
    path = tmp_path / 'se_bse.tif'
    path.write_bytes(tiff([(tags, [bytes(70)])]))
    with pytest.raises(ValueError, match=r'se_bse\.tif holds 2 channels'):
        read_image(path)
