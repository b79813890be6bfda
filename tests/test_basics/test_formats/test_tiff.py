"""TIFF files of every kind, written byte by byte, and what is refused."""
import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from fuzzed_pictures import set_tag
from PIL import Image
from tiff_writer import grey, lzw, pack, packbits, tiff

from mmseg_ext.basics.formats import Indexed
from mmseg_ext.basics.image_files import decode_image, decode_pixels

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (37, 53), np.uint8)
MASK = np.kron(RNG.integers(0, 3, (8, 11), np.uint8),
               np.ones((5, 5), np.uint8))


def stored(data: bytes) -> np.ndarray:
    found = decode_pixels(data, 'a.tif', stored=True)
    return found.indices if isinstance(found, Indexed) else found


def pillow(pixels, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'TIFF', **options)
    return file.getvalue()


def numbers(kind: str, shape=IMAGE.shape) -> np.ndarray:
    if kind[0] == 'f':
        return RNG.normal(size=shape).astype(kind)
    info = np.iinfo(kind)
    return RNG.integers(info.min, info.max, shape, kind, endpoint=True)


@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('kind', ['u1', 'u2', 'u4', 'u8', 'i1', 'i2', 'i4',
                                  'i8', 'f2', 'f4', 'f8'])
def test_every_width_and_byte_order(kind, big, order):
    pixels = numbers(kind)
    strip = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    tags, _ = grey(IMAGE, 8 * pixels.itemsize, t339='uif'.index(kind[0]) + 1)
    found = stored(tiff([(tags, [strip])], order, big))
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize('photometric', [0, 1])
@pytest.mark.parametrize('bits', [1, 2, 3, 4, 8, 10, 12, 14, 16])
def test_packed_bits_and_white_is_zero(bits, photometric):
    pixels = RNG.integers(0, 2**bits, (9, 13)).astype(
        np.uint8 if bits <= 8 else np.uint16)
    data = tiff([grey(pixels, bits, t262=photometric)], '>')
    np.testing.assert_array_equal(stored(data), pixels)
    shown = pixels if photometric else 2**bits - 1 - pixels
    spread = 255 // (2**bits - 1) if bits in (1, 2, 4) else 1
    np.testing.assert_array_equal(decode_image(data, ''), shown * spread)


def test_bits_from_the_lowest():
    bits = RNG.integers(0, 2, (5, 16), np.uint8)
    packed = np.packbits(bits, axis=1, bitorder='little').tobytes()
    tags, _ = grey(bits, 1, t266=2)
    np.testing.assert_array_equal(stored(tiff([(tags, [packed])])), bits)


@pytest.mark.parametrize('compress', [None, zlib.compress, lzw, packbits])
@pytest.mark.parametrize('planar', [1, 2])
@pytest.mark.parametrize('tiled', [False, True])
def test_colours_in_strips_tiles_and_planes(tiled, planar, compress):
    colours = RNG.integers(0, 256, (37, 53, 3), np.uint8)
    rows, columns = (16, 32) if tiled else (10, 53)
    padded = np.pad(colours, ((0, -37 % rows if tiled else 0),
                              (0, -53 % columns), (0, 0)))
    planes = ([padded] if planar == 1 else
              [padded[..., i] for i in range(3)])
    parts = [plane[y:y + rows, x:x + columns].tobytes() for plane in planes
             for y in range(0, 37, rows) for x in range(0, 53, columns)]
    code = {None: 1, zlib.compress: 8, lzw: 5, packbits: 32773}[compress]
    tags = {256: 53, 257: 37, 258: (8, 8, 8), 259: code, 262: 2, 277: 3,
            284: planar, **({322: columns, 323: rows} if tiled else
                            {278: rows})}
    data = tiff([(tags, [compress(part) if compress else part
                         for part in parts])])
    np.testing.assert_array_equal(decode_image(data, '')[..., ::-1], colours)


@pytest.mark.parametrize('compress', [zlib.compress, lzw])
@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('kind', ['u1', 'u2', 'u4', 'u8'])
@pytest.mark.parametrize('channels', [1, 3])
def test_horizontal_prediction(channels, kind, order, compress):
    pixels = numbers(kind, (7, 11, channels))
    rest = pixels.copy()
    rest[:, 1:] -= pixels[:, :-1]
    strip = rest.astype(rest.dtype.newbyteorder(order)).tobytes()
    tags = {256: 11, 257: 7, 258: (8 * pixels.itemsize, ) * channels,
            259: 8 if compress is zlib.compress else 5,
            262: 2 if channels == 3 else 1, 277: channels, 278: 7, 317: 2}
    found = stored(tiff([(tags, [compress(strip)])], order))
    np.testing.assert_array_equal(
        found, pixels[..., 0] if channels == 1 else pixels[..., ::-1])


@pytest.mark.parametrize('order', '<>')
def test_prediction_of_floats(order):
    pixels = RNG.normal(size=(7, 11)).astype(np.float32)
    planes = pixels.astype('>f4').view(np.uint8).reshape(7, 11, 4)
    rows = planes.swapaxes(1, 2).reshape(7, 44)
    rest = np.diff(rows, axis=1, prepend=np.uint8(0))
    tags, _ = grey(pixels.view(np.uint32), 32, t259=8, t317=3, t339=3)
    found = stored(tiff([(tags, [zlib.compress(rest.tobytes())])], order))
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize('compression', [
    'raw', 'tiff_lzw', 'tiff_adobe_deflate', 'packbits', 'zstd', 'lzma'])
def test_as_pillow_writes_it(compression):
    data = pillow(IMAGE, compression=compression)
    np.testing.assert_array_equal(decode_image(data, ''), IMAGE)


@pytest.mark.parametrize('compression', [1, 5, 8, 32773])
@pytest.mark.parametrize('kind', ['u1', 'u2'])
@pytest.mark.parametrize('channels', [1, 3, 4])
def test_as_opencv_writes_it(channels, kind, compression):
    pixels = np.squeeze(numbers(kind, (37, 53, channels)))
    data = cv2.imencode('.tif', pixels, [
        cv2.IMWRITE_TIFF_COMPRESSION, compression])[1].tobytes()
    np.testing.assert_array_equal(decode_image(data, ''), pixels)


@pytest.mark.parametrize('compression', ['group3', 'group4'])
@pytest.mark.parametrize('photometric', [0, 1])
def test_fax_masks_hold_the_stored_bits(photometric, compression):
    data = pillow(MASK > 0, compression=compression,
                  tiffinfo={262: photometric})
    np.testing.assert_array_equal(
        decode_image(data, '') > 0, MASK > 0)
    np.testing.assert_array_equal(stored(data), (MASK > 0) == photometric)


def test_jpeg_within():
    smooth = cv2.GaussianBlur(IMAGE, (0, 0), 5)
    data = pillow(smooth, compression='jpeg', quality=95)
    difference = decode_image(data, '').astype(int) - smooth
    assert np.abs(difference).max() < 10
    with pytest.raises(ValueError, match=r'cannot be read.*strip or tile 0'):
        decode_image(data.replace(b'\xff\xd9', b'\xff\x00'), 'a.tif')


@pytest.mark.parametrize('scale', [1, 257])
def test_palettes(scale):
    colours = RNG.integers(0, 256, (3, 16))
    indices = RNG.integers(0, 16, (5, 7), np.uint8)
    data = tiff([grey(indices, 4, t262=3,
                      t320=tuple((colours * scale).ravel().tolist()))])
    found = decode_pixels(data, '', stored=True)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_array_equal(found.colours, colours.T)
    np.testing.assert_array_equal(
        decode_image(data, '')[..., ::-1], colours.T[indices])


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('compression', ['raw', 'tiff_lzw', 'jpeg'])
def test_orientation(orientation, compression):
    options = dict(compression=compression, quality=100)
    if compression != 'jpeg':
        del options['quality']
    plain = decode_image(pillow(MASK, **options), '')
    data = pillow(MASK, tiffinfo={274: orientation}, **options)
    steps = {1: plain, 2: plain[:, ::-1], 3: plain[::-1, ::-1],
             4: plain[::-1], 5: plain.T, 6: np.rot90(plain, -1),
             7: np.rot90(plain.T, 2), 8: np.rot90(plain)}
    np.testing.assert_array_equal(decode_image(data, ''), steps[orientation])


def channels(number: int, photometric: int = 1, **tags) -> bytes:
    pixels = RNG.integers(0, 256, (5, 7, number), np.uint8)
    return tiff([({256: 7, 257: 5, 258: (8, ) * number, 259: 1,
                   262: photometric, 277: number, 278: 5,
                   **{int(key[1:]): value for key, value in tags.items()}},
                  [pixels.tobytes()])])


def test_grey_and_alpha():
    assert decode_image(channels(2, t338=2), '').shape == (5, 7, 4)


@pytest.mark.parametrize(('data', 'sentence'), [
    (channels(2), 'holds 2 channels'),
    (channels(2, t338=0), 'Split Channels'),
    (channels(3), 'holds 3 channels'),
    (channels(5, 2), 'holds 5 channels'),
    (channels(3, 8), 'CIELAB'),
    (channels(3, 6), 'YCbCr'),
    (channels(1, 32803), 'colour filter array'),
    (tiff([grey(IMAGE, t339=6)]), 'complex'),
    (tiff([grey(IMAGE, t258=(8, 16), t277=2)]), 'different depths'),
    (tiff([grey(IMAGE, t259=34712)]), 'cannot be read'),
])
def test_refused_by_name(data, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        decode_image(data, 'folder/a.tif')
    assert str(error.value).startswith('folder/a.tif ')


def test_cmyk_is_a_picture_and_no_mask():
    data = io.BytesIO()
    colours = Image.fromarray(RNG.integers(0, 256, (5, 7, 3), np.uint8))
    colours.convert('CMYK').save(data, 'TIFF', compression='tiff_lzw')
    np.testing.assert_array_equal(
        decode_image(data.getvalue(), '')[..., ::-1],
        np.asarray(colours.convert('CMYK').convert('RGB')))
    with pytest.raises(ValueError, match='mask whose colours are coded'):
        stored(data.getvalue())


def test_a_forged_size_takes_no_memory():
    for tags in ({256: 2**20, 257: 2**20}, {278: 2**31 - 1, 257: 2**31 - 1}):
        for code in (1, 5, 8, 32773):
            found, strips = grey(IMAGE, t259=code)
            data = tiff([({**found, **tags}, strips)])
            with pytest.raises(ValueError, match=r'a\.tif'):
                decode_image(data, 'a.tif')


@pytest.mark.parametrize(('compress', 'code', 'least'), [
    (zlib.compress, 8, 0.99), (lzw, 5, 0.85), (packbits, 32773, 0.4)])
def test_flipped_bits_of_masks_are_seen(compress, code, least):
    """LZW and PackBits have no checksum: their lengths alone can tell."""
    tags, strips = grey(MASK, t259=code)
    whole = compress(strips[0])
    wrong = refused = 0
    for bit in range(0, 8 * len(whole), max(1, 8 * len(whole) // 200)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            found = stored(tiff([(tags, [bytes(flipped)])]))
        except ValueError as error:
            assert 'a.tif cannot be read' in str(error)
            refused += 1
        else:
            wrong += bool((found != MASK).any())
    assert refused >= least * (refused + wrong)


@pytest.mark.parametrize('compress', [None, zlib.compress, lzw, packbits])
def test_truncated_anywhere(compress):
    code = {None: 1, zlib.compress: 8, lzw: 5, packbits: 32773}[compress]
    tags, strips = grey(MASK, t259=code)
    data = tiff([(tags, [compress(strips[0]) if compress else strips[0]])])
    for length in range(0, len(data) - 1, 41):
        with pytest.raises(ValueError, match=r'a\.tif cannot be read'):
            stored(data[:length])


def test_packing_of_the_tests_writer():
    assert pack(np.array([[1, 2, 3]]), 4) == b'\x12\x30'


@pytest.mark.parametrize('packing', [1, 32773])
def test_a_predictor_where_there_is_none(packing):
    """As libtiff, which looks at the tag with LZW, zlib and so on alone."""
    tags, strips = grey(IMAGE, t317=2, t259=packing)
    strips = [packbits(strips[0])] if packing != 1 else strips
    np.testing.assert_array_equal(stored(tiff([(tags, strips)])), IMAGE)


def test_a_predictor_of_floats_for_integers():
    tags, strips = grey(IMAGE, t317=3, t259=8)
    with pytest.raises(ValueError, match='predictor is for floats'):
        stored(tiff([(tags, [zlib.compress(strips[0])])]))


@pytest.mark.parametrize('compression', ['zstd', 'lzma'])
def test_strips_that_hold_more_than_their_rows(compression):
    data = pillow(IMAGE, compression=compression)
    np.testing.assert_array_equal(stored(data), IMAGE)
    with pytest.raises(ValueError, match=r'than its pixels|too long'):
        stored(set_tag(data, 257, 36))


@pytest.mark.parametrize('rest', [1, 2, 3])
def test_packbits_whose_last_run_is_too_long(rest):
    """What stands behind it would be taken for pixels."""
    tags, _ = grey(IMAGE[:1], t259=32773)
    strip = bytes([52]) + IMAGE[0, :53 - rest].tobytes()
    with pytest.raises(ValueError, match='cannot be read'):
        stored(tiff([(tags, [strip])]))


@pytest.mark.parametrize('compression', ['group4', 'jpeg', 'tiff_lzw'])
def test_pillows_limit_is_none(compression, monkeypatch, recwarn):
    pixels = IMAGE > 127 if compression == 'group4' else IMAGE
    data = pillow(pixels, compression=compression)
    shown = decode_image(data, '')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    np.testing.assert_array_equal(decode_image(data, ''), shown)
    assert Image.MAX_IMAGE_PIXELS == 100
    assert not recwarn.list


@pytest.mark.parametrize('compression', ['group4', 'jpeg', 'zstd', 'lzma'])
def test_more_than_a_small_file_can_hold(compression):
    pixels = IMAGE > 127 if compression == 'group4' else IMAGE
    data = pillow(pixels, compression=compression)
    huge = set_tag(set_tag(data, 256, 65500), 257, 65500)
    with pytest.raises(ValueError, match='65500 x 65500 pixels, more than'):
        stored(huge)


def test_a_tag_that_is_there_twice():
    tags, strips = grey(IMAGE, t255=1)
    data = tiff([(tags, strips)])
    first = struct.pack('<HHI', 255, 3, 1)
    again = data.replace(first, struct.pack('<HHI', 256, 3, 1))
    with pytest.raises(ValueError, match='tag 256 is there twice'):
        stored(again)


def test_a_fax_without_an_interpretation():
    """White is zero then, as in libtiff."""
    bits = RNG.integers(0, 2, (8, 16), np.uint8)
    data = pillow(bits.astype(bool), compression='group4')
    shown = decode_image(data, '')
    where = data.index(struct.pack('<HHI', 262, 3, 1))
    kind, = struct.unpack_from('<H', data, where + 8)
    without = data[:where] + struct.pack('<H', 263) + data[where + 2:]
    np.testing.assert_array_equal(
        decode_image(without, ''), shown if kind == 0 else 255 - shown)
    np.testing.assert_array_equal(
        stored(without), (decode_image(without, '') == 0).astype(np.uint8))
