"""Read PNG files."""
import math
import struct
import zlib

import numpy as np

from .facts import (
    GREATEST_RATIO,
    Damaged,
    Facts,
    Pixels,
    Reader,
    several_pages,
)
from .metadata import find_orientation
from .opencv import decode_by_opencv, is_beyond
from .pillow import decode_by_pillow
from .png_text import find_metadata

SIGNATURE = b'\x89PNG\r\n\x1a\n'
GREY, RGB, INDEXED, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6  # types of colour
CHANNELS = {GREY: 1, RGB: 3, INDEXED: 1, GREY_ALPHA: 2, RGBA: 4}
# First row and column of each pass, and the steps between them.
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4),
         (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
AT_ONCE = 2**20  # bytes of pixels
TEXTS = (b'eXIf', b'tEXt', b'zTXt', b'iTXt')
PIXELS = (b'IHDR', b'PLTE', b'tRNS', b'IDAT', b'IEND')  # parts of a picture


class PngReader(Reader):
    """Reads PNG files, whose every part has a checksum.

    Reference:
        Portable Network Graphics (PNG) Specification, third edition.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.chunks = _find_chunks(data)
        kinds = [kind for kind, _, _ in self.chunks]
        if kinds[0] != b'IHDR' or self.chunks[0][2] != 13:
            raise Damaged('it does not begin with its header')
        width, height, self.depth, self.colour = struct.unpack_from(
            '>IIBB', data, self.chunks[0][1])
        self.interlaced = data[self.chunks[0][1] + 12] == 1
        if not height or not width or self.colour not in CHANNELS:
            raise Damaged(f'its header says {width} x {height} pixels of '
                          f'type {self.colour}')
        for kind, start, length in self.chunks:
            if kind == b'acTL' and length >= 4:  # an animation
                pages, = struct.unpack_from('>I', data, start)
                kinds = [kind for kind, _, _ in self.chunks]
                # the picture that programs without animations show is a
                # frame if a frame's header comes before it
                first = kinds.index(b'IDAT') if b'IDAT' in kinds else 0
                pages += (b'fcTL' in kinds
                          and b'fcTL' not in kinds[:first])
                if pages > 1:
                    raise several_pages(pages)
        channels = CHANNELS[self.colour]
        self.facts = Facts(
            'PNG', height, width,
            height * width * channels * math.ceil(self.depth / 8),
            find_orientation(*find_metadata(
                (kind, data[start:start + length])
                for kind, start, length in self.chunks if kind in TEXTS)),
            capacity=GREATEST_RATIO * len(data) * max(1, 8 / self.depth))

    def decode(self, stored: bool) -> Pixels:
        for kind, start, length in self.chunks:
            expected, = struct.unpack_from('>I', self.data, start + length)
            part = memoryview(self.data)[start - 4:start + length]
            if zlib.crc32(part) != expected:
                raise Damaged('the checksum of its part '
                              f'{kind.decode("latin-1")!r} is wrong')
        data = self._picture()
        by_pillow = self.colour == INDEXED and stored
        if by_pillow or is_beyond(self.facts):
            self._check_length()
        if by_pillow:
            return decode_by_pillow(data, 'PNG', stored)
        pixels = decode_by_opencv(data, self.facts)
        if self.colour == GREY and self.depth < 8 and stored:
            pixels //= 255 // (2**self.depth - 1)
        return self._with_alpha(pixels) if stored else pixels

    def _with_alpha(self, pixels: np.ndarray) -> np.ndarray:
        """Add what OpenCV does with colours alone: a transparent grey."""
        values = [struct.unpack_from('>H', self.data, start)[0]
                  & (2**self.depth - 1)
                  for kind, start, length in self.chunks
                  if kind == b'tRNS' and length >= 2]
        if self.colour != GREY or not values or values[0] not in pixels:
            return pixels
        opaque = np.iinfo(pixels.dtype).max
        alpha = np.where(pixels == values[0], 0, opaque).astype(pixels.dtype)
        return np.dstack([pixels, pixels, pixels, alpha])

    def _check_length(self) -> None:
        """Make sure of all pixels: Pillow leaves missing ones 0."""
        facts, bits = self.facts, self.depth * CHANNELS[self.colour]
        passes = ADAM7 if self.interlaced else [(0, 0, 1, 1)]
        left = 0
        for y, x, down, across in passes:
            rows = math.ceil((facts.height - y) / down)
            columns = math.ceil((facts.width - x) / across)
            if rows > 0 and columns > 0:
                left += rows * (1 + math.ceil(columns * bits / 8))
        inflater = zlib.decompressobj()
        parts = (memoryview(self.data)[start:start + length]
                 for kind, start, length in self.chunks if kind == b'IDAT')
        try:
            while left > 0 and not inflater.eof:
                packed = inflater.unconsumed_tail or next(parts, b'')
                found = inflater.decompress(packed, AT_ONCE)
                if not packed and not found:
                    break
                left -= len(found)
        except zlib.error as error:
            raise Damaged(f'its pixels cannot be expanded ({error})'
                          ) from error
        if left > 0:
            raise Damaged('it does not hold as many pixels as its header '
                          'says')

    def _picture(self) -> bytes:
        """Leave out the parts that OpenCV may have something to say of."""
        if all(kind in PIXELS for kind, _, _ in self.chunks):
            return self.data
        return SIGNATURE + b''.join(
            self.data[start - 8:start + length + 4]
            for kind, start, length in self.chunks if kind in PIXELS)


def _find_chunks(data: bytes) -> list[tuple[bytes, int, int]]:
    """Return kind, begin and length of the content of every part."""
    chunks, place = [], len(SIGNATURE)
    while not chunks or chunks[-1][0] != b'IEND':
        if place + 12 > len(data):
            raise Damaged('its end is missing')
        length, kind = struct.unpack_from('>I4s', data, place)
        if place + 12 + length > len(data):
            raise Damaged(f'it ends within its part '
                          f'{kind.decode("latin-1")!r}')
        chunks.append((kind, place + 8, length))
        place += 12 + length
    if not any(kind == b'IDAT' for kind, _, _ in chunks):
        raise Damaged('it has no pixels')
    return chunks
