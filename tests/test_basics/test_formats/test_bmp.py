"""BMP files."""
import io
import struct

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


@pytest.mark.parametrize('bits', [4, 8])
def test_black_and_white_of_several_bits(bits):
    """Pillow reads them as if they were of one bit."""
    row = np.array([0, 1, 1, 0, 1, 1, 0, 1], np.uint8)
    packed = row if bits == 8 else (row[::2] << 4) | row[1::2]
    table = bytes(4) + bytes([255, 255, 255, 0])
    start = 14 + 40 + len(table)
    data = b'BM' + struct.pack('<IHHI', start + len(packed), 0, 0, start)
    data += struct.pack('<IiiHHIIiiII', 40, 8, 1, 1, bits, 0, len(packed), 0,
                        0, 2, 0) + table + packed.tobytes()
    found = decode_pixels(data, '', stored=True)
    np.testing.assert_array_equal(found.indices, row[None])
    assert found.colours[:2].tolist() == [[0] * 3, [255] * 3]


def test_white_of_five_bits():
    pixels = np.array([[0x7fff, 0x001f, 0x0000, 0x4210]], '<u2')
    header = struct.pack('<2sIII', b'BM', 62, 0, 54) + struct.pack(
        '<IiiHHIIiiII', 40, 4, 1, 1, 16, 0, 8, 0, 0, 0, 0)
    found = decode_image(header + pixels.tobytes(), '')
    assert found.tolist() == [[[255] * 3, [255, 0, 0], [0] * 3, [131] * 3]]


@pytest.mark.parametrize('bits', [1, 4, 8])
def test_a_palette_that_does_not_fit(bits):
    for image in (Image.fromarray(IMAGE).convert('RGB'),
                  Image.fromarray(IMAGE)):
        data = bytearray(saved(image))
        if image.mode == 'L' and bits == 8:
            data[10] -= 4  # the pixels begin among the colours
        data[28] = bits
        with pytest.raises(ValueError, match='palette does not fit'):
            decode_image(bytes(data), '')
