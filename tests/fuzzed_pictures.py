"""Small sound pictures of every kind, and what may happen to them."""
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image
from plain_reader import tags_of
from tiff_writer import grey, lzw, pack, packbits, tiff

Random = np.random.Generator
HEIGHT, WIDTH = 36, 45
HUGE = (0, 2**15, 65535, 10**5, 2**20 + 1, 2**31 - 1, 2**32 - 1)


class Fuzzed(NamedTuple):
    """A picture that something has happened to.

    Attributes:
        name: What and to which, such as 'flip-017-lzw.tif'.
        data: Content of the file.
    """
    name: str
    data: bytes


@cache
def sound_pictures() -> dict[str, bytes]:
    """Return name -> content; shades are 0, 100 and 250 where there are."""
    rng = np.random.default_rng(0)

    def blocks(number: int, channels: int = 1) -> np.ndarray:
        found = rng.integers(0, number, (HEIGHT // 4, WIDTH // 4 + 1,
                                         channels))
        return np.kron(found, np.ones((4, 4, 1), int))[:, :WIDTH].squeeze()

    shades = np.array([0, 100, 250], np.uint8)
    eight, ids, bits = shades[blocks(3)], blocks(3), blocks(2)
    colour, deep = shades[blocks(3, 3)], eight.astype(np.uint16) * 257
    noise = rng.integers(0, 256, eight.shape, np.uint8)
    found = {
        'grey.png': _pillow(eight, 'PNG'),
        'colour.png': _pillow(colour, 'PNG'),
        'alpha.png': _pillow(np.dstack([colour, noise]), 'PNG'),
        'palette.png': _pillow(_palette(ids), 'PNG'),
        'bit.png': _pillow(Image.fromarray(bits.astype(bool)), 'PNG'),
        'deep.png': _pillow(deep, 'PNG'),
        'deep_colour.png': cv2.imencode('.png', colour.astype(
            np.uint16) * 257)[1].tobytes(),
        'apng.png': _pillow(eight, 'PNG', save_all=True,
                            append_images=[Image.fromarray(noise)]),
        'turned.png': _pillow(eight, 'PNG', exif=_exif(6)),
        'grey.jpg': _pillow(eight, 'JPEG'),
        'colour.jpg': _pillow(colour, 'JPEG', quality=95),
        'progressive.jpg': _pillow(colour, 'JPEG', progressive=True),
        'turned.jpg': _pillow(eight, 'JPEG', exif=_exif(5)),
        'grey.bmp': _pillow(eight, 'BMP'),
        'colour.bmp': _pillow(colour, 'BMP'),
        'bit.bmp': _pillow(Image.fromarray(bits.astype(bool)), 'BMP'),
        'jpeg.tif': _pillow(colour, 'TIFF', compression='jpeg'),
        'fax.tif': _pillow(Image.fromarray(bits.astype(bool)), 'TIFF',
                           compression='group4'),
        'zstd.tif': _pillow(noise, 'TIFF', compression='zstd'),
        'palette.tif': _pillow(_palette(ids), 'TIFF',
                               compression='tiff_lzw'),
    }

    def rows(pixels: np.ndarray, size: int, **tags) -> tuple:
        """In strips of 10 rows."""
        page, _ = grey(pixels, size, **tags)
        return {**page, 278: 10}, [pack(pixels[y:y + 10], size)
                                   for y in range(0, HEIGHT, 10)]

    page = rows(eight, 8)
    several = {256: WIDTH, 257: HEIGHT, 258: (8, 8, 8), 262: 2, 277: 3}
    tiles = np.pad(eight, ((0, -HEIGHT % 16), (0, -WIDTH % 16)))
    floats, _ = grey(eight, 32, t339=3)
    rest = np.diff(eight, axis=1, prepend=np.uint8(0))
    pages = {
        'raw': page, 'zlib': _packed(page, 8, zlib.compress),
        'lzw': _packed(page, 5, lzw),
        'packbits': _packed(page, 32773, packbits),
        'predicted': _packed(rows(rest, 8, t317=2), 5, lzw),
        'white_is_zero': rows(eight, 8, t262=0),
        'bit_white_is_zero': rows(bits, 1, t262=0),
        'deep_white_is_zero': rows(deep, 16, t262=0),
        'turned': rows(eight, 8, t274=6), 'mirrored': rows(eight, 8, t274=7),
        'two_bits': rows(ids, 2), 'twelve_bits': rows(deep >> 4, 12),
        'float': (floats, [eight.astype('>f4').tobytes()]),
        'planes': _packed(({**several, 284: 2, 278: HEIGHT},
                           [colour[..., i].tobytes() for i in range(3)]),
                          8, zlib.compress),
        'two_channels': ({**several, 258: (8, 8), 262: 1, 277: 2,
                          278: HEIGHT}, [colour[..., :2].tobytes()]),
        'tiled': ({**page[0], 322: 16, 323: 16}, [
            tiles[y:y + 16, x:x + 16].tobytes()
            for y in range(0, len(tiles), 16)
            for x in range(0, tiles.shape[1], 16)]),
    }
    found |= {f'{name}.tif': tiff([one], '>') for name, one in pages.items()}
    found['two_pages.tif'] = tiff([page, page])
    found['big.tif'] = tiff([page], big=True)
    found['deep.tif'] = tiff([(grey(deep, 16)[0], [deep.tobytes()])])
    return found


def _pillow(pixels, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(
        pixels)
    image.save(file, kind, **options)
    return file.getvalue()


def _palette(ids: np.ndarray) -> Image.Image:
    image = Image.fromarray(ids.astype(np.uint8), 'P')
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
    return image


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = orientation
    return exif


def _packed(page: tuple, code: int, compress: Callable) -> tuple:
    tags, strips = page
    return {**tags, 259: code}, [compress(strip) for strip in strips]


# What may happen. Each takes the content and a generator.


def truncate(data: bytes, rng: Random) -> bytes:
    """Cut the end off, a byte or nearly all."""
    return data[:rng.integers(len(data)) if rng.random() < .7 else
                len(data) - rng.integers(1, 9)]


def flip(data: bytes, rng: Random) -> bytes:
    """Turn a few bits of the second half over, where pixels are."""
    found = bytearray(data)
    first = len(data) // 8 if data[:2] not in (b'II', b'MM') else 8
    for _ in range(rng.integers(1, 4)):
        found[rng.integers(first, len(data))] ^= 1 << rng.integers(8)
    return bytes(found)


def flip_checked(data: bytes, rng: Random) -> bytes:
    """Turn bits of the pixels over, and let PNG's checksum agree."""
    if data[1:4] != b'PNG':
        return flip(data, rng)
    start = data.index(b'IDAT') + 4
    length, = struct.unpack_from('>I', data, start - 8)
    found = bytearray(data)
    found[start + rng.integers(length)] ^= 1 << rng.integers(8)
    return _check(found, start, length)


def block(data: bytes, rng: Random) -> bytes:
    """Lose, repeat or empty a block, as disks and cables do."""
    start = rng.integers(len(data))
    end = start + rng.integers(1, 65)
    middle = (b'', 2 * data[start:end], bytes(len(data[start:end])))[
        rng.integers(3)]
    return data[:start] + middle + data[end:]


def pages(data: bytes, rng: Random) -> bytes:
    """Say that there are more pages: a chain, a circle, an animation."""
    if data[1:4] == b'PNG':
        content = struct.pack('>II', rng.integers(2, 9), 0)
        return data[:33] + _chunk(b'acTL', content) + data[33:]
    if data[:4] in (b'II*\0', b'MM\0*'):
        order = '<' if data[:1] == b'I' else '>'
        start, = struct.unpack_from(f'{order}I', data, 4)
        count, = struct.unpack_from(f'{order}H', data, start)
        found = bytearray(data)
        struct.pack_into(f'{order}I', found, start + 2 + 12 * count, (
            start, 8, len(data), 2**32 - 2)[rng.integers(4)])
        return bytes(found)
    return data + data


def size(data: bytes, rng: Random) -> bytes:
    """Change height or width, by one or beyond all memory."""
    number = (HEIGHT, WIDTH)[(which := rng.integers(2))]
    value = rng.choice([number - 1, number + 1, 2 * number, *HUGE])
    return set_header(data, ('height', 'width')[which], int(value))


def both_sizes(data: bytes, rng: Random) -> bytes:
    """Say that the picture is huge."""
    value = int(rng.choice([20000, 46000, 65500, 2**31 - 1]))
    return set_header(set_header(data, 'height', value), 'width', value)


def depth(data: bytes, rng: Random) -> bytes:
    return set_header(data, 'depth', int(rng.choice(
        [0, 1, 2, 3, 4, 7, 8, 12, 16, 24, 32, 64, 65, 255])))


def channels(data: bytes, rng: Random) -> bytes:
    return set_header(data, 'channels', int(rng.choice(
        [0, 1, 2, 3, 4, 5, 6, 7, 255])))


def tag(data: bytes, rng: Random) -> bytes:
    """Change what the numbers mean: compression, prediction, places."""
    if data[:2] not in (b'II', b'MM'):
        return set_header(data, 'kind', int(rng.integers(8)))
    tags = [key for key in tags_of(data) if key not in (256, 257)]
    number = int(rng.choice([*tags, 259, 262, 266, 274, 284, 317, 339]))
    value = {259: (1, 2, 3, 4, 5, 6, 7, 8, 32773, 34925, 50000, 9),
             262: (0, 1, 2, 3, 5, 6, 8, 99), 266: (1, 2, 3),
             274: (0, 2, 3, 8, 9), 284: (1, 2, 3), 317: (1, 2, 3, 9),
             339: (1, 2, 3, 4, 5, 6, 99)}.get(
                 number, (0, 1, 7, 16, 65535, 2**32 - 1))
    return set_tag(data, number, int(rng.choice(value)))


KINDS = (truncate, flip, flip_checked, block, pages, size, both_sizes, depth,
         channels, tag)


def set_header(data: bytes, field: str, value: int) -> bytes:
    """Write a number into the header of a file, as far as it fits."""
    if data[:2] in (b'II', b'MM'):
        number = {'width': 256, 'height': 257, 'depth': 258,
                  'channels': 277}[field]
        return set_tag(data, number, value)
    found = bytearray(data)
    if data[1:4] == b'PNG':
        where = {'width': 16, 'height': 20, 'depth': 24, 'channels': 25,
                 'kind': 26}[field]
        _put(found, '>', where, 4 if where < 24 else 1, value)
        return _check(found, 16, 13)
    if data[:2] == b'BM':
        where = {'width': 18, 'height': 22, 'depth': 28, 'channels': 26,
                 'kind': 30}[field]
        _put(found, '<', where, 4 if where < 24 else 2, value)
        return bytes(found)
    start = next(data.index(mark) for mark in (b'\xff\xc0', b'\xff\xc2')
                 if mark in data)
    where = {'width': 7, 'height': 5, 'depth': 4, 'channels': 9,
             'kind': 1}[field]
    if field == 'kind':
        value += 0xc0
    _put(found, '>', start + where, 2 if where in (5, 7) else 1, value)
    return bytes(found)


def set_tag(data: bytes, number: int, value: int) -> bytes:
    """Give a tag of the first directory one value; the last one makes room.
    """
    order = '<' if data[:1] == b'I' else '>'
    big = 43 in data[2:4]
    word, room, length = ('Q', 8, 20) if big else ('I', 4, 12)
    start, = struct.unpack_from(order + word, data, 8 if big else 4)
    count, = struct.unpack_from(order + ('Q' if big else 'H'), data, start)
    start += 8 if big else 2
    found = bytearray(data)
    for place in range(start, start + length * count, length):
        key, = struct.unpack_from(f'{order}H', data, place)
        if key >= number or place == start + length * (count - 1):
            break
    struct.pack_into(f'{order}HH{word}', found, place, number, 4, 1)
    struct.pack_into(f'{order}I{room - 4}x', found, place + 4 + room, value)
    return bytes(found)


def _put(found: bytearray, order: str, where: int, length: int,
         value: int) -> None:
    struct.pack_into(f'{order}{" BH I"[length]}', found, where,
                     value % 256**length)


def _check(found: bytearray, start: int, length: int) -> bytes:
    struct.pack_into('>I', found, start + length,
                     zlib.crc32(found[start - 4:start + length]))
    return bytes(found)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack('>I4s', len(content), kind) + content + struct.pack(
        '>I', zlib.crc32(kind + content))


def fuzzed_pictures(number: int, seed: int) -> Iterator[Fuzzed]:
    """Yield pictures; every kind of damage meets every format in turn."""
    rng = np.random.default_rng(seed)
    sound = list(sound_pictures().items())
    order = rng.permutation(len(sound) * len(KINDS))
    for i in range(number):
        which, kind = divmod(int(order[i % len(order)]), len(KINDS))
        name, data = sound[which]
        yield Fuzzed(f'{KINDS[kind].__name__}-{i:03d}-{name}',
                     KINDS[kind](data, rng))
