"""BMP files."""
import io

import numpy as np
import pytest
from PIL import Image

from mmseg_ext.basics.formats import Indexed
from mmseg_ext.basics.image_files import decode_image, decode_pixels

IMAGE = np.random.default_rng(0).integers(0, 256, (9, 13), np.uint8)


def saved(image) -> bytes:
    file = io.BytesIO()
    image.save(file, 'BMP')
    return file.getvalue()


def test_grey_and_one_bit():
    np.testing.assert_array_equal(
        decode_image(saved(Image.fromarray(IMAGE)), ''), IMAGE)
    bits = IMAGE > 127
    data = saved(Image.fromarray(bits))
    np.testing.assert_array_equal(decode_image(data, '') > 0, bits)
    np.testing.assert_array_equal(
        decode_pixels(data, '', stored=True), bits.astype(np.uint8))


def test_indices():
    picture = Image.fromarray(IMAGE % 3, 'P')
    picture.putpalette([9, 8, 7, 100, 0, 0, 0, 200, 0])
    found = decode_pixels(saved(picture), '', stored=True)
    assert isinstance(found, Indexed)
    np.testing.assert_array_equal(found.indices, IMAGE % 3)
    assert found.colours[:3].tolist() == [[9, 8, 7], [100, 0, 0],
                                          [0, 200, 0]]


@pytest.mark.parametrize('mode', ['L', 'P', 'RGB', '1'])
def test_truncated_anywhere(mode, capfd):
    data = saved(Image.fromarray(IMAGE).convert(mode))
    for length in range(2, len(data)):
        with pytest.raises(ValueError, match=r'a\.bmp cannot be read'):
            decode_image(data[:length], 'a.bmp')
    assert capfd.readouterr() == ('', '')
