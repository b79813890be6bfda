"""Read pictures a second time: by Pillow, and by what a standard says.

What is here is slow and knows no damage: it answers with the pixels, or
raises anything.
"""
import io
import math
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps
from tiff_writer import CODES

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 16: 8}


def by_pillow(data: bytes) -> np.ndarray:
    """Return the picture as it is shown, (H, W) or (H, W, 3), red first."""
    image = Image.open(io.BytesIO(data))
    if getattr(image, 'n_frames', 1) > 1:
        raise ValueError('several pages')
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode == '1':
        return np.asarray(image) * np.uint8(255)
    if image.mode in ('LA', 'La'):
        return np.asarray(image.convert('LA'))[..., 0]
    if image.mode in ('P', 'PA', 'CMYK', 'YCbCr', 'RGBA'):
        return np.asarray(image.convert('RGB'))
    return np.asarray(image)


def by_the_book(data: bytes) -> np.ndarray:
    """The same for PNG, and TIFF without JPEG and fax, at full depth."""
    return png(data) if data[1:4] == b'PNG' else tiff(data)


def png(data: bytes) -> np.ndarray:
    """Decode PNG that is not interlaced.

    Reference:
        Portable Network Graphics (PNG) Specification, third edition.
    """
    parts, place = {}, 8
    while place < len(data):
        length, kind = struct.unpack_from('>I4s', data, place)
        if kind != b'fdAT':
            parts[kind] = parts.get(kind, b'') + data[place + 8:place + 8
                                                      + length]
        place += 12 + length
    width, height, bits, colour, _, _, lace = struct.unpack(
        '>IIBBBBB', parts[b'IHDR'])
    assert not lace
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    step = max(1, channels * bits // 8)
    length = math.ceil(width * channels * bits / 8)
    # to the last pixel: whoever writes a right checksum means what it holds
    whole = height * (length + 1)
    packed = zlib.decompressobj().decompress(parts[b'IDAT'], whole)
    assert len(packed) == whole
    rows, above = [], bytes(length)
    for y in range(height):
        kind, *row = packed[y * (length + 1):(y + 1) * (length + 1)]
        for x in range(length):
            left = row[x - step] if x >= step else 0
            corner = above[x - step] if x >= step else 0
            guess = left + above[x] - corner
            row[x] = row[x] + (
                0, left, above[x], (left + above[x]) // 2,
                min((left, above[x], corner),
                    key=lambda near: abs(guess - near)))[kind] & 255
        rows.append(row)
        above = row
    samples = unpack(b''.join(map(bytes, rows)), height, width * channels,
                     bits)
    samples = samples.reshape(height, width, channels)
    if colour == 3:
        return np.frombuffer(parts[b'PLTE'], np.uint8).reshape(-1, 3)[
            samples[..., 0]]
    shown = samples[..., :1 if channels < 3 else 3]
    if bits < 8:
        shown = shown * (255 // (2**bits - 1))
    shown = turn(shown, orientation_of(data))
    return shown[..., 0] if shown.shape[2] == 1 else shown


def orientation_of(data: bytes) -> int:
    return Image.open(io.BytesIO(data)).getexif().get(274, 1)


def turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn by what Pillow's transpositions are."""
    return {1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2),
            4: np.flipud, 5: lambda p: p.swapaxes(0, 1),
            6: lambda p: np.rot90(p, 3),
            7: lambda p: np.rot90(p, 2).swapaxes(0, 1),
            8: np.rot90}.get(orientation, lambda p: p)(pixels)


def tags_of(data: bytes) -> dict[int, tuple]:
    """Return the tags of the first directory of a TIFF; '<' and big too."""
    order = {b'II': '<', b'MM': '>'}[data[:2]]
    big = struct.unpack_from(f'{order}H', data, 2)[0] == 43
    word, size = ('Q', 20) if big else ('I', 12)
    start, = struct.unpack_from(order + word, data, 8 if big else 4)
    count, = struct.unpack_from(order + ('Q' if big else 'H'), data, start)
    start += 8 if big else 2
    found = {}
    for place in range(start, start + count * size, size):
        tag, kind, number = struct.unpack_from(f'{order}HH{word}', data,
                                               place)
        if kind not in CODES or number > len(data) or (kind == 2) != (
                tag == 270):
            continue
        where = place + (12 if big else 8)
        if number * SIZES[kind] > (8 if big else 4):
            where, = struct.unpack_from(order + word, data, where)
        found[tag] = struct.unpack_from(f'{order}{number}{CODES[kind]}',
                                        data, where)
    return found


def tiff(data: bytes) -> np.ndarray:
    """Decode strips and tiles.

    Reference:
        TIFF, revision 6.0, 1992.
    """
    tags = tags_of(data)
    height, width = tags[257][0], tags[256][0]
    samples, bits = tags.get(277, (1, ))[0], tags.get(258, (1, ))[0]
    packing = tags.get(259, (1, ))[0]
    photometric = (tags.get(262) or (2 if samples in (3, 4) else 1, ))[0]
    planes = samples if tags.get(284, (1, ))[0] == 2 else 1
    channels = samples // planes
    tiled = 322 in tags
    columns = tags[322][0] if tiled else width
    rows = tags[323][0] if tiled else min(tags.get(278, (height, ))[0],
                                          height)
    order = {b'II': '<', b'MM': '>'}[data[:2]]
    places = tags[324 if tiled else 273]
    sizes = tags.get(325 if tiled else 279)
    down, across = math.ceil(height / rows), math.ceil(width / columns)
    kind = {1: 'u', 2: 'i', 3: 'f', 4: 'u'}[tags.get(339, (1, ))[0]]
    whole = None
    for number in range(planes * down * across):
        plane, rest = divmod(number, down * across)
        y, x = (rest // across) * rows, (rest % across) * columns
        high = rows if tiled else min(rows, height - y)
        size = high * math.ceil(columns * channels * bits / 8)
        part = data[places[number]:places[number] + (
            size if sizes is None and packing == 1 else sizes[number])]
        if tags.get(266, (1, ))[0] == 2:
            part = bytes(int(f'{byte:08b}'[::-1], 2) for byte in part)
        part = {1: lambda p, n: p, 5: unlzw, 8: unzip, 32946: unzip,
                32773: unpackbits}[packing](part, size)
        assert len(part) >= size
        block = unpack(part[:size], high, columns * channels, bits, order,
                       kind).reshape(high, columns, channels)
        if tags.get(317, (1, ))[0] == 2 and packing not in (1, 32773):
            block = np.cumsum(block, axis=1, dtype=block.dtype)
        if whole is None:
            whole = np.zeros((down * rows, across * columns, samples),
                             block.dtype)
        whole[y:y + high, x:x + columns,
              plane * channels:(plane + 1) * channels] = block
    pixels = turn(whole[:height, :width], tags.get(274, (1, ))[0])
    if photometric == 3:
        colours = np.array(tags[320]).reshape(3, -1).T
        colours = colours >> 8 if colours.max() > 255 else colours
        return colours.astype(np.uint8)[pixels[..., 0]]
    if photometric == 2:
        assert samples in (3, 4)
        return pixels[..., :3]
    assert photometric in (0, 1) and (samples == 1 or 338 in tags)
    grey = pixels[..., 0]
    if kind == 'u':
        if photometric == 0:
            grey = (2**bits - 1 - grey.astype(object)).astype(grey.dtype)
        if bits in (1, 2, 4):
            grey = grey * grey.dtype.type(255 // (2**bits - 1))
    return grey


def unzip(part: bytes, size: int) -> bytes:
    return zlib.decompress(part)


def unpackbits(part: bytes, size: int) -> bytes:
    out, place = b'', 0
    while len(out) < size:
        count, place = part[place], place + 1
        if count < 128:
            out += part[place:place + count + 1]
            place += count + 1
        elif count > 128:
            out += part[place:place + 1] * (257 - count)
            place += 1
    return out


def unlzw(part: bytes, size: int) -> bytes:
    text = ''.join(f'{byte:08b}' for byte in part)
    out, place, width, table, last = [], 0, 9, {}, b''
    length = 0
    while length < size:
        code, place = int(text[place:place + width], 2), place + width
        if code == 257:
            break
        if code == 256:
            table, width, last = {}, 9, b''
            continue
        word = bytes([code]) if code < 256 else table.get(code)
        if word is None:
            assert code == 258 + len(table) and last
            word = last + last[:1]
        if last:
            table[258 + len(table)] = last + word[:1]
        width = max(9, (259 + len(table)).bit_length())
        out.append(word)
        length += len(word)
        last = word
    return b''.join(out)


def unpack(data: bytes, rows: int, count: int, bits: int, order: str = '>',
           kind: str = 'u') -> np.ndarray:
    """(rows, count) numbers that are packed without gaps within a row."""
    if bits in (8, 16, 32, 64):
        numbers = np.frombuffer(data, f'{order}{kind}{bits // 8}')
        return numbers.reshape(rows, count).astype(f'{kind}{bits // 8}')
    assert kind == 'u'
    length = math.ceil(count * bits / 8)
    numbers = []
    for y in range(rows):
        text = ''.join(f'{byte:08b}' for byte in data[y * length:(y + 1)
                                                      * length])
        numbers.append([int(text[x * bits:(x + 1) * bits], 2)
                        for x in range(count)])
    return np.array(numbers, np.uint8 if bits < 9 else
                    np.uint16 if bits < 17 else np.uint32)
