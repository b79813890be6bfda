"""Expand the strips or tiles of a TIFF file, and make sure of all of them."""
import io
import itertools
import lzma
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import cv2
import numpy as np

from .facts import Damaged
from .jpeg import walk
from .pillow import load_by_pillow

NONE, LZW, JPEG, PACKBITS, LZMA, ZSTANDARD = 1, 5, 7, 32773, 34925, 50000
ZLIB = (8, 32946)
# What libtiff expands to the bytes that were compressed.
BY_LIBTIFF = (LZW, PACKBITS, ZSTANDARD)
END, MARK = 257, 90  # LZW's code of the end; a byte that takes its place
AT_ONCE = 2**23  # bytes of pixels
EXPANDED = {NONE, *ZLIB, LZMA, *BY_LIBTIFF}
PREDICTED = {LZW, *ZLIB, LZMA, ZSTANDARD}  # what a predictor may precede
REVERSED = bytes(int(f'{byte:08b}'[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Layout:
    """How the numbers lie in a strip or tile.

    Attributes:
        compression: Value of the tag, one of ``EXPANDED``.
        columns: Pixels of a row.
        channels: Samples of a pixel.
        bits: Of a sample.
    """
    compression: int
    columns: int
    channels: int
    bits: int

    @property
    def row(self) -> int:
        """Bytes of a row."""
        return math.ceil(self.columns * self.channels * self.bits / 8)


def expand(parts: Sequence[bytes], sizes: Sequence[int],
           layout: Layout) -> np.ndarray:
    """Expand strips or tiles, one after the other.

    Args:
        parts: Their content.
        sizes: Bytes that each expands to; equal but for the last.
        layout: What they hold.

    Returns:
        (sum of the sizes, ) uint8.

    Raises:
        Damaged: If one does not expand to its size, or its checksum is
            wrong.
    """
    pixels = np.empty(sum(sizes), np.uint8)
    place = 0
    if layout.compression in BY_LIBTIFF:
        # LZW without an end: other codes may look like one by chance
        marked = layout.compression == PACKBITS or (
            layout.compression == LZW
            and all(find_end(part) is not None for part in parts))
        # together for speed, but not all: the copies take memory
        step = max(1, AT_ONCE // sizes[0])
        for first in range(0, len(parts), step):
            group = slice(first, first + step)
            for found in _expand_by_libtiff(parts[group], sizes[group],
                                            layout.compression, marked):
                pixels[place:place + found.size].reshape(
                    found.shape)[...] = found
                place += found.size
        if layout.compression == ZSTANDARD:
            # Of wrong tags every strip is too long, the last of a wrong
            # height as well; all of them would take seven times as long.
            _check_zstandard(parts[-1], sizes[-1])
        return pixels
    for i, (part, size) in enumerate(zip(parts, sizes)):
        if layout.compression != NONE:
            part = _inflate(part, size, i, layout.compression)
        if len(part) < size:
            raise Damaged(f'its strip or tile {i} is cut off')
        pixels[place:place + size] = np.frombuffer(part, np.uint8, size)
        place += size
    return pixels


def _inflate(part: bytes, size: int, number: int, compression: int) -> bytes:
    """Inflate to the end, at which the checksum is."""
    inflater = (lzma.LZMADecompressor() if compression == LZMA else
                zlib.decompressobj())
    try:
        found = inflater.decompress(part, size + 1)
    except (zlib.error, lzma.LZMAError) as error:
        raise Damaged(f'its strip or tile {number} cannot be expanded '
                      f'({error})') from error
    if len(found) != size or not inflater.eof:
        raise Damaged(f'its strip or tile {number} is cut off or too long')
    return found


def find_end(part: bytes) -> Optional[tuple[int, int, int]]:
    """Find the code that ends an LZW strip or tile.

    Returns:
        Where the four bytes before the filling begin, their number, and the
        lowest bit of the code in it; None if the strip does not end as TIFF
        6.0, section 13 demands.
    """
    length = len(part)
    while length and not part[length - 1]:
        length -= 1
    start = max(0, length - 4)
    last = int.from_bytes(part[start:length], 'big')
    # the code ends with the last bit that is set, its highest bits are 0
    below = (last & -last).bit_length() - 1 if last else 0
    if not last or last >> below & 0x1ff != END:
        return None
    return start, last, below


def mark(part: bytes, compression: int) -> bytes:
    """Let a strip or tile end in the byte ``MARK``.

    LZW and PackBits have no checksum, and libtiff stops when it has enough.
    With a byte that has to come right after the last pixel it cannot stop
    too early unseen. PackBits gets two from one pair of bytes: taken for
    pixels, which a run too long does, the pair is not both of them.

    Args:
        part: Its content; of LZW one that :func:`find_end` finds the end of.
        compression: Value of the tag, LZW or PackBits.
    """
    if compression == PACKBITS:
        return b''.join([part, bytes([255, MARK])])  # which is twice
    start, last, below = find_end(part)
    last += MARK - END << below  # in place of the code, of any width
    return b''.join([part[:start],
                     last.to_bytes(min(4, len(part) - start), 'big')])


def ends_with_packbits(part: bytes, size: int) -> bool:
    """Tell whether runs of PackBits end where a strip or tile does.

    Args:
        part: Its content, filled up with a byte or two by some programs.
        size: Bytes that it expands to.
    """
    place = found = 0
    while place < len(part) and found < size:
        count = part[place]
        if count < 128:  # so many bytes and one as they are
            found += count + 1
            place += count + 2
        else:  # a byte repeated, or nothing
            found += 257 - count if count > 128 else 0
            place += 2 if count > 128 else 1
    return found == size and len(part) - 2 <= place <= len(part)


def _expand_by_libtiff(parts: Sequence[bytes], sizes: Sequence[int],
                       compression: int, marked: bool) -> list[np.ndarray]:
    """Hand strips to libtiff as those of a plain grey picture.

    So whatever they mean, what comes back are their bytes, and libtiff's
    refusal of one is an error. A strip is a row of the picture; the last,
    which may be shorter, is one of its own.
    """
    if any(not part for part in parts):
        raise Damaged('one of its strips or tiles is empty')
    if len(set(sizes)) > 1:
        return [pixels for group in (slice(-1), slice(-1, None))
                for pixels in _expand_by_libtiff(parts[group], sizes[group],
                                                 compression, marked)]
    size = sizes[0]
    marks = (2 if compression == PACKBITS else 1) * marked
    tags = {256: size + marks, 257: len(parts), 258: 8, 259: compression,
            262: 1, 277: 1, 278: 1}
    data = _write_tiff(tags, [mark(part, compression) for part in parts]
                       if marked else parts)
    pixels = np.asarray(load_by_pillow(data, 'TIFF'))
    if marked:
        other = (pixels[:, size:] != MARK).any(axis=1)
        for number in np.flatnonzero(other).tolist():
            if compression == LZW or not ends_with_packbits(
                    parts[number], size):
                raise Damaged('one of its strips or tiles holds more than '
                              'its pixels')
    return [pixels[:, :size]]


def _check_zstandard(part: bytes, size: int) -> None:
    """Raise Damaged if a strip or tile expands to a byte more."""
    tags = {256: size + 1, 257: 1, 258: 8, 259: ZSTANDARD, 262: 1, 277: 1,
            278: 1}
    try:
        load_by_pillow(_write_tiff(tags, [part]), 'TIFF')
    except Damaged:  # as it should
        return
    raise Damaged('one of its strips or tiles holds more than its pixels')


def _write_tiff(tags: dict[int, int], parts: Sequence[bytes]) -> bytes:
    """Write a TIFF file of strips that are compressed already."""
    file, places = io.BytesIO(), []
    file.write(b'II*\0' + bytes(4))
    for part in parts:
        places.append(file.tell())
        file.write(part)
    lists = {tag: (number, ) for tag, number in tags.items()}
    lists |= {273: tuple(places), 279: tuple(len(part) for part in parts)}
    entries = []
    for tag, numbers in sorted(lists.items()):
        content = struct.pack(f'<{len(numbers)}I', *numbers)
        if len(numbers) > 1:
            where = file.tell()
            file.write(content)
            content = struct.pack('<I', where)
        entries.append(struct.pack('<HHI', tag, 4, len(numbers)) + content)
    start = file.tell()
    file.write(struct.pack('<H', len(entries)))
    file.write(b''.join(entries) + bytes(4))
    file.seek(4)
    file.write(struct.pack('<I', start))
    return file.getvalue()


def check_jpegs(parts: Sequence[bytes]) -> None:
    """Raise Damaged unless every strip or tile is a JPEG to its end mark."""
    for i, part in enumerate(parts):
        try:
            walk(bytes(part))
        except Damaged as error:
            raise Damaged(f'of its strip or tile {i}, {error}') from error


def undo_prediction(samples: np.ndarray) -> None:
    """Add to every sample the one before it, in place.

    Args:
        samples: (rows, columns, channels) unsigned integers.
    """
    kind = {1: np.uint8, 2: np.uint16, 4: np.int32,
            8: np.float64}[samples.itemsize]  # what OpenCV can transpose
    step = max(1, AT_ONCE // max(1, samples[0].nbytes))
    for first in range(0, len(samples), step):
        part = samples[first:first + step]
        if samples.shape[2] > 4:
            np.add.accumulate(part, axis=1, dtype=part.dtype, out=part)
            continue
        # Whole columns are added at once, five times as fast as along rows.
        turned = cv2.transpose(part.view(kind)).view(samples.dtype)
        lines = turned.reshape(len(turned), -1)
        for before, line in itertools.pairwise(lines):
            np.add(line, before, out=line)
        part[...] = cv2.transpose(turned.view(kind)).view(
            samples.dtype).reshape(part.shape)


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
