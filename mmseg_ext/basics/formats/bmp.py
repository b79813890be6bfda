"""Read BMP files."""
import struct

import numpy as np

from .facts import Damaged, Facts, Indexed, Pixels, Reader
from .opencv import decode_by_opencv
from .pillow import decode_by_pillow
from .tiff_parts import unpack_bits

PLAIN = (0, 3, 6)  # kinds of compression that do not compress


class BmpReader(Reader):
    """Reads BMP files.

    Reference:
        Microsoft, Windows GDI, BITMAPFILEHEADER, BITMAPCOREHEADER and
        BITMAPINFOHEADER.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        try:
            start, header = struct.unpack_from('<II', data, 10)
            if header == 12:
                width, height, _, self.bits = struct.unpack_from(
                    '<HHHH', data, 18)
                packing = colours = 0
            else:
                width, height, _, self.bits, packing = struct.unpack_from(
                    '<iiHHI', data, 18)
                colours, = struct.unpack_from('<I', data, 46)
        except struct.error as error:
            raise Damaged('it ends within its header') from error
        self.start, self.header, self.packing = start, header, packing
        self.upside_down = height > 0  # else the first row is the uppermost
        height = abs(height)
        if height < 1 or width < 1:
            raise Damaged(f'its header says {width} x {height} pixels')
        if self.bits <= 8:
            most = 2**self.bits
            palette = (3 if header == 12 else 4) * (colours or most)
            if colours > most or 14 + header + palette > start:
                raise Damaged('its palette does not fit its header')
        row = (width * self.bits + 31) // 32 * 4
        if packing in PLAIN and start + row * height > len(data):
            raise Damaged('its pixels are cut off')
        self.facts = Facts(
            'BMP', height, width, height * width * max(1, self.bits // 8),
            # a run of 255 pixels takes two bytes; a jump may leave many out
            capacity=float('inf') if packing in PLAIN else 2**16 * len(data))

    def decode(self, stored: bool) -> Pixels:
        # Of 5 bits OpenCV makes 8 whose greatest value is 248.
        if self.bits == 16 or (
                stored and self.bits <= 8 and self.packing not in PLAIN):
            return decode_by_pillow(self.data, 'BMP', stored)
        if not stored or self.bits > 8:
            return decode_by_opencv(self.data, self.facts)
        # not by Pillow, which takes black and white for one bit a pixel
        height, width = self.facts.height, self.facts.width
        stride = (width * self.bits + 31) // 32 * 4
        rows = np.frombuffer(self.data, np.uint8, stride * height, self.start)
        indices = unpack_bits(rows.reshape(height, stride), width, self.bits)
        if self.upside_down:
            indices = indices[::-1]
        indices, colours = np.ascontiguousarray(indices), self._colours()
        ramp = np.arange(len(colours))[:, None]
        if self.bits == 1:
            ramp = 255 * ramp
        if (colours == ramp).all():
            return indices  # grey values
        return Indexed(indices, colours)

    def _colours(self) -> np.ndarray:
        """Return (2^bits, 3) uint8, red, green, blue; black where none is."""
        each = 3 if self.header == 12 else 4
        table = self.data[14 + self.header:self.start]
        number = min(len(table) // each, 2**self.bits)
        found = np.frombuffer(table, np.uint8, number * each)
        colours = np.zeros((2**self.bits, 3), np.uint8)
        colours[:number] = found.reshape(number, each)[:, 2::-1]
        return colours
