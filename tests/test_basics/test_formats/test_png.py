"""PNG files: depths, orientation, animations, damage."""
import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from alone import alone
from PIL import Image

from mmseg_ext.basics.formats import Indexed
from mmseg_ext.basics.image_files import decode_image, decode_pixels

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (9, 13), np.uint8)


def chunk(kind: bytes, content: bytes) -> bytes:
    return (struct.pack('>I', len(content)) + kind + content
            + struct.pack('>I', zlib.crc32(kind + content)))


def png(size, depth, colour, rows, *extra, compressed=None) -> bytes:
    """Write a file; rows: bytes of each, without a filter."""
    pixels = compressed or zlib.compress(b''.join(b'\0' + r for r in rows))
    return b'\x89PNG\r\n\x1a\n' + b''.join([
        chunk(b'IHDR', struct.pack('>IIBBBBB', *size, depth, colour, 0, 0,
                                   0)),
        *extra, chunk(b'IDAT', pixels), chunk(b'IEND', b'')])


def saved(image, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, 'PNG', **options)
    return file.getvalue()


@pytest.mark.parametrize('shape', [(9, 13), (9, 13, 3), (9, 13, 4)])
@pytest.mark.parametrize('kind', [np.uint8, np.uint16])
@pytest.mark.parametrize('stored', [False, True])
def test_channels_and_depths(shape, kind, stored):
    pixels = RNG.integers(0, np.iinfo(kind).max, shape, kind)
    data = cv2.imencode('.png', pixels)[1].tobytes()
    np.testing.assert_array_equal(decode_pixels(data, '', stored), pixels)


@pytest.mark.parametrize(('depth', 'row', 'values', 'factor'), [
    (1, b'\xa0', [1, 0, 1], 255), (2, b'\x1b', [0, 1, 2, 3], 85),
    (4, b'\x01\x2f', [0, 1, 2, 15], 17)])
def test_grey_of_few_bits(depth, row, values, factor):
    data = png((len(values), 1), depth, 0, [row])
    assert decode_pixels(data, '', stored=True).tolist() == [values]
    assert decode_image(data, '').tolist() == [
        [factor * value for value in values]]


@pytest.mark.parametrize('depth', [1, 2, 4, 8])
def test_indices_and_colours(depth):
    colours = RNG.integers(0, 256, (2**depth, 3), np.uint8)
    numbers = RNG.integers(0, 2**depth, (5, 8), np.uint8)
    rows = [int(''.join(f'{n:0{depth}b}' for n in row), 2).to_bytes(depth)
            for row in numbers.tolist()]
    data = png((8, 5), depth, 3, rows, chunk(b'PLTE', colours.tobytes()))
    found = decode_pixels(data, '', stored=True)
    assert isinstance(found, Indexed)
    np.testing.assert_array_equal(found.indices, numbers)
    np.testing.assert_array_equal(found.colours[:2**depth], colours)
    np.testing.assert_array_equal(
        decode_image(data, '')[..., ::-1], colours[numbers])


@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientation(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    data = saved(Image.fromarray(IMAGE), exif=exif)
    steps = {1: IMAGE, 2: IMAGE[:, ::-1], 3: IMAGE[::-1, ::-1],
             4: IMAGE[::-1], 5: IMAGE.T, 6: np.rot90(IMAGE, -1),
             7: np.rot90(IMAGE.T, 2), 8: np.rot90(IMAGE)}
    np.testing.assert_array_equal(decode_image(data, ''), steps[orientation])
    # the tag may also follow the pixels
    content = exif.tobytes().removeprefix(b'Exif\0\0')
    data = saved(Image.fromarray(IMAGE))
    data = data[:-12] + chunk(b'eXIf', content) + data[-12:]
    np.testing.assert_array_equal(decode_image(data, ''), steps[orientation])


@pytest.mark.parametrize('mode', ['L', 'P', 'RGB', '1'])
@pytest.mark.parametrize('stored', [False, True])
def test_animations_are_refused(mode, stored):
    frames = [Image.fromarray(IMAGE + i).convert(mode) for i in range(3)]
    if mode == '1':  # Pillow writes no animations of them
        data = saved(frames[0])
        data = data[:33] + chunk(b'acTL', struct.pack('>II', 3, 0)) + data[33:]
    else:
        data = saved(frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match=r'a\.png holds 3 pages'):
        decode_pixels(data, 'a.png', stored)


def test_the_still_picture_counts_where_it_is_no_frame():
    data = saved(Image.fromarray(IMAGE), save_all=True, default_image=True,
                 append_images=[Image.fromarray(255 - IMAGE)])
    with pytest.raises(ValueError, match=r'a\.png holds 2 pages'):
        decode_pixels(data, 'a.png', True)


def test_any_flipped_bit_is_seen(capfd):
    data = saved(Image.fromarray(IMAGE))
    for place in range(8, len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        with pytest.raises(ValueError, match=r'a\.png cannot be read'):
            decode_image(bytes(flipped), 'a.png')
    assert capfd.readouterr() == ('', '')


def test_truncated_anywhere():
    data = saved(Image.fromarray(IMAGE))
    for length in range(len(data)):
        with pytest.raises(ValueError, match=r'a\.png cannot be read'):
            decode_image(data[:length], 'a.png')


@pytest.mark.parametrize('data', [
    png((13, 9), 8, 0, [bytes(row) for row in IMAGE[:5]]),  # rows are missing
    png((13, 9), 8, 0, [], compressed=b'no zlib'),
    png((60000, 60000), 8, 0, [b'']),  # a header alone
    png((2**31 - 1, 2**31 - 1), 16, 6, [b'']),
    png((0, 9), 8, 0, [b'']),
])
def test_pixels_that_do_not_fit_the_header(data, capfd):
    with pytest.raises(ValueError, match=r'a\.png cannot be read'):
        alone(lambda: decode_image(data, 'a.png'))
    assert capfd.readouterr() == ('', '')


def test_what_is_said_of_colours_is_not_printed(capfd):
    data = png((13, 9), 8, 0, [bytes(row) for row in IMAGE],
               chunk(b'iCCP', b'x\0\0' + zlib.compress(bytes(300))))
    np.testing.assert_array_equal(decode_image(data, ''), IMAGE)
    assert capfd.readouterr() == ('', '')


def test_longer_than_opencv_takes():
    row = RNG.integers(0, 256, (1, 2**20 + 7), np.uint8)
    np.testing.assert_array_equal(
        decode_image(saved(Image.fromarray(row)), ''), row)


@pytest.mark.parametrize('missing', [0, 1])
@pytest.mark.parametrize('interlaced', [False, True])
def test_indices_with_pixels_missing(interlaced, missing):
    ids = RNG.integers(0, 4, (13, 11), np.uint8)
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4),
              (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b''.join(
        b'\0' + row.tobytes()
        for y, x, down, across in (passes if interlaced else [(0, 0, 1, 1)])
        for row in ids[y::down, x::across])
    head = struct.pack('>IIBBBBB', 11, 13, 8, 3, 0, 0, interlaced)
    packed = zlib.compress(rows[:len(rows) - missing])
    data = b'\x89PNG\r\n\x1a\n' + b''.join([
        chunk(b'IHDR', head), chunk(b'PLTE', bytes(range(12))),
        chunk(b'IDAT', packed[:9]), chunk(b'IDAT', packed[9:]),
        chunk(b'IEND', b'')])
    if missing:
        for stored in (False, True):
            with pytest.raises(ValueError, match=r'a\.png cannot be read'):
                decode_pixels(data, 'a.png', stored)
    else:
        np.testing.assert_array_equal(
            decode_pixels(data, '', stored=True).indices, ids)


def test_longer_than_opencv_takes_with_pixels_missing():
    rows = np.zeros((2**20 + 1, 2), np.uint8)
    rows[-1] = 0, 7
    data = png((1, len(rows)), 8, 0, [rows[:, 1:].tobytes()],
               compressed=zlib.compress(rows.tobytes()))
    assert decode_image(data, '')[-1] == 7
    data = png((1, len(rows)), 8, 0, [],
               compressed=zlib.compress(rows[1:].tobytes()))
    with pytest.raises(ValueError, match='as many pixels'):
        decode_image(data, '')
