"""Read BMP files."""
import struct

from .facts import Damaged, Facts, Pixels, Reader
from .opencv import decode_by_opencv
from .pillow import decode_by_pillow

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
        height = abs(height)  # negative: the first row is the uppermost
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
        if self.bits == 16 or (stored and self.bits <= 8):
            return decode_by_pillow(self.data, 'BMP', stored)
        return decode_by_opencv(self.data, self.facts)
