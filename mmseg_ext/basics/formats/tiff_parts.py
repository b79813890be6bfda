"""Expand the strips or tiles of a TIFF file, and make sure of all of them."""
import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np

from .facts import Damaged
from .jpeg import walk
from .pillow import open_by_pillow, read_pixels

NONE, LZW, JPEG, PACKBITS = 1, 5, 7, 32773
ZLIB = (8, 32946)
# What libtiff expands to the bytes that were compressed.
BY_LIBTIFF = {LZW: 'LZW', PACKBITS: 'PackBits', 34925: 'LZMA',
              50000: 'Zstandard'}
AT_ONCE = 2**25  # bytes of pixels
EXPANDED = {NONE, *ZLIB, *BY_LIBTIFF}
REVERSED = bytes(int(f'{byte:08b}'[::-1], 2) for byte in range(256))


def expand(parts: Sequence[bytes], sizes: Sequence[int], row: int,
           compression: int) -> np.ndarray:
    """Expand strips or tiles, one after the other.

    Args:
        parts: Their content.
        sizes: Bytes that each expands to; equal but for the last.
        row: Bytes of a row.
        compression: Value of the tag, one of ``EXPANDED``.

    Returns:
        (sum of the sizes, ) uint8.

    Raises:
        Damaged: If one does not expand to its size, or its checksum is
            wrong.
    """
    pixels = np.empty(sum(sizes), np.uint8)
    place = 0
    if compression in BY_LIBTIFF:
        # together for speed, but not all: libtiff's copy takes memory
        step = max(1, AT_ONCE // sizes[0])
        for i in range(0, len(parts), step):
            found = _expand_by_libtiff(parts[i:i + step], sizes[i:i + step],
                                       row, compression)
            pixels[place:place + found.size] = found
            place += found.size
        return pixels
    for i, (part, size) in enumerate(zip(parts, sizes)):
        if compression in ZLIB:
            part = _inflate(part, size, i)
        if len(part) < size:
            raise Damaged(f'its strip or tile {i} is cut off')
        pixels[place:place + size] = np.frombuffer(part, np.uint8, size)
        place += size
    return pixels


def _inflate(part: bytes, size: int, number: int) -> bytes:
    """Inflate to the end, at which the checksum is."""
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(part, size + 1)
    except zlib.error as error:
        raise Damaged(f'its strip or tile {number} cannot be expanded '
                      f'({error})') from error
    if len(found) != size or not inflater.eof:
        raise Damaged(f'its strip or tile {number} is cut off or too long')
    return found


def _expand_by_libtiff(parts: Sequence[bytes], sizes: Sequence[int],
                       row: int, compression: int) -> np.ndarray:
    """Hand the strips to libtiff as those of a plain grey picture.

    So whatever they mean, what comes back is their bytes, and libtiff's
    refusal of one is an error.
    """
    heights = [size // row for size in sizes]
    if any(not part for part in parts):
        raise Damaged('one of its strips or tiles is empty')
    tags = {256: row, 257: sum(heights), 258: 8, 259: compression, 262: 1,
            277: 1, 278: heights[0]}
    data = _grey_tiff(tags, parts)
    return read_pixels(open_by_pillow(data, 'TIFF'), stored=True).ravel()


def _grey_tiff(tags: dict[int, int], parts: Sequence[bytes]) -> bytes:
    """Write a TIFF file of strips that are compressed already."""
    file, places = io.BytesIO(), []
    file.write(b'II*\0\0\0\0\0')
    for part in parts:
        places.append(file.tell())
        file.write(part)
    lists = {273: places, 279: [len(part) for part in parts]}
    entries = []
    for tag, numbers in lists.items():
        where = file.tell()
        file.write(struct.pack(f'<{len(numbers)}I', *numbers))
        entries.append((tag, len(numbers),
                        numbers[0] if len(numbers) == 1 else where))
    entries += [(tag, 1, number) for tag, number in tags.items()]
    start = file.tell() + file.tell() % 2
    file.seek(start)
    file.write(struct.pack('<H', len(entries)))
    for tag, count, number in sorted(entries):
        file.write(struct.pack('<HHII', tag, 4, count, number))
    file.write(bytes(4))
    file.seek(4)
    file.write(struct.pack('<I', start))
    return file.getvalue()


def check_jpegs(parts: Sequence[bytes]) -> None:
    """Raise Damaged unless every strip or tile is a JPEG to its end mark."""
    for i, part in enumerate(parts):
        try:
            walk(part)
        except Damaged as error:
            raise Damaged(f'of its strip or tile {i}, {error}') from error


def undo_prediction(samples: np.ndarray) -> None:
    """Add to every sample the one before it, in place.

    Args:
        samples: (rows, columns, channels) integers.
    """
    np.add.accumulate(samples, axis=1, dtype=samples.dtype, out=samples)


def undo_float_prediction(rows: np.ndarray, channels: int,
                          itemsize: int) -> np.ndarray:
    """Return the bytes of floats, the highest first.

    Args:
        rows: (rows, bytes) uint8, in which the highest bytes of all numbers
            come first, as differences.
        channels: Samples of a pixel.
        itemsize: Bytes of a number.

    Reference:
        Adobe Photoshop TIFF Technical Note 3, 2005.
    """
    whole = rows.reshape(len(rows), -1, channels)
    undo_prediction(whole)
    return np.ascontiguousarray(
        rows.reshape(len(rows), itemsize, -1).swapaxes(1, 2))


def unpack_bits(rows: np.ndarray, count: int, bits: int) -> np.ndarray:
    """Return the numbers that are packed without gaps.

    Args:
        rows: (rows, bytes) uint8.
        count: Numbers of a row.
        bits: Of a number, 1 to 31.

    Returns:
        (rows, count), of the least unsigned integers that hold them.
    """
    kind = next(kind for kind in (np.uint8, np.uint16, np.uint32)
                if bits <= 8 * np.dtype(kind).itemsize)
    numbers = np.empty((len(rows), count), kind)
    step = max(1, 2**22 // max(1, count * bits))  # 4 MB of bits at a time
    for first in range(0, len(rows), step):
        each = np.unpackbits(rows[first:first + step], axis=1,
                             count=count * bits)
        each = each.reshape(len(each), count, bits)
        part = numbers[first:first + step]
        part[...] = 0
        for bit in range(bits):
            part <<= 1
            part |= each[..., bit]
    return numbers
