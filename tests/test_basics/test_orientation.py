"""Orientations, by Pillow's reading of them."""
import numpy as np
import pytest
from PIL import Image, ImageOps

from mmseg_ext.basics.orientation import apply_orientation, shown_size

PIXELS = np.arange(30, dtype=np.uint8).reshape(5, 6)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('channels', [1, 3])
def test_as_pillow_turns_them(orientation, channels):
    pixels = np.squeeze(np.stack([PIXELS] * channels, -1))
    image = Image.fromarray(pixels)
    image.getexif()[274] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    found = apply_orientation(pixels, orientation)
    np.testing.assert_array_equal(found, expected)
    assert shown_size(5, 6, orientation) == found.shape[:2]
