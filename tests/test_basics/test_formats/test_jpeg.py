"""JPEG files: orientation, damage, what libjpeg says."""
import io

import cv2
import numpy as np
import pytest
from alone import alone
from PIL import Image

from mmseg_ext.basics.image_files import decode_image

RNG = np.random.default_rng(0)
COLOURS = cv2.GaussianBlur(
    RNG.integers(0, 256, (45, 67, 3), np.uint8), (0, 0), 3)


def saved(image=COLOURS, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'JPEG', quality=95, **options)
    return file.getvalue()


@pytest.mark.parametrize('options', [
    {}, dict(progressive=True), dict(subsampling=0), dict(optimize=True)])
def test_pixels_are_opencvs(options):
    data = saved(**options)
    plain = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decode_image(data, ''), plain)
    assert decode_image(saved(COLOURS[..., 0]), '').shape == (45, 67)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientation(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    data = saved(exif=exif)
    upright = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    found = decode_image(data, '')
    assert found.shape == ((67, 45, 3) if orientation > 4 else (45, 67, 3))
    np.testing.assert_array_equal(found, upright)


@pytest.mark.parametrize('options', [{}, dict(progressive=True)])
def test_truncated_anywhere(options):
    data = saved(**options)
    for length in range(2, len(data) - 1, 7):
        with pytest.raises(ValueError, match=r'a\.jpg cannot be read'):
            decode_image(data[:length], 'a.jpg')


def test_cut_and_closed_is_heard(capfd):
    """An end mark in the middle: libjpeg fills up with grey, and says so."""
    data = saved()
    with pytest.raises(ValueError, match=r'a\.jpg cannot be read.*premature'):
        alone(lambda: decode_image(
            data[:len(data) // 2] + b'\xff\xd9', 'a.jpg'))
    assert capfd.readouterr() == ('', '')


def test_bytes_after_the_last_pixel_are_harmless(capfd):
    data = saved()
    decode_image(data[:-2] + b'\0' + data[-2:], '')
    decode_image(data + b'left by a camera', '')
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('kind', [0xc0, 0xc1])
def test_progressive_scans_under_another_header(kind):
    """libjpeg reads what it can of them, and only mutters."""
    data = saved(progressive=True)
    data = data.replace(b'\xff\xc2', bytes([255, kind]))
    with pytest.raises(ValueError, match='a progressive picture'):
        decode_image(data, '')
