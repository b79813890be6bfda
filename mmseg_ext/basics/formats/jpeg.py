"""Read JPEG files."""
import re
import struct

import numpy as np

from .facts import GREATEST_RATIO, Damaged, Facts, Reader
from .metadata import find_orientation
from .opencv import decode_by_opencv

MARK = re.compile(rb'\xff+[^\x00\xff]')
WITHIN = {0, 0xff, *range(0xd0, 0xd8)}  # after 255 among the coded pixels
FRAMES = {*range(0xc0, 0xd0)} - {0xc4, 0xc8, 0xcc}
SCAN, END, APPLICATION_1 = 0xda, 0xd9, 0xe1
EXIF, XMP = b'Exif\0\0', b'http://ns.adobe.com/xap/1.0/\0'
SEQUENTIAL = (0xc0, 0xc1)  # frames of which a scan holds a component in full
BARE = {0x01, *range(0xd0, 0xd9)}  # marks without content


class JpegReader(Reader):
    """Reads JPEG files that are there to their end mark.

    Damage of the coded pixels is not always to be seen: they have no
    checksum.

    Reference:
        ITU-T T.81, annex B.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        found = walk(data)
        self.facts = Facts(
            'JPEG', found.height, found.width,
            found.height * found.width * found.channels,
            find_orientation(found.exif, found.xmp),
            capacity=GREATEST_RATIO * len(data))

    def decode(self, stored: bool) -> np.ndarray:
        return decode_by_opencv(self.data, self.facts)


class Walk:
    """What the marks of a JPEG file say."""
    height = width = channels = 0
    exif = xmp = b''


def walk(data: bytes) -> Walk:
    """Go through the marks of JPEG data to the end mark.

    Raises:
        Damaged: If there is none, or a part is cut off.
    """
    found, place, frame = Walk(), 2, 0
    scanned: set[int] = set()
    while True:
        mark = MARK.match(data, place)
        if mark is None:
            raise Damaged('its end is missing' if place + 2 > len(data) else
                          'bytes that are no part of a JPEG file follow its '
                          'parts')
        kind, place = data[mark.end() - 1], mark.end()
        if kind == END:
            break
        if kind in BARE:
            continue
        length = int.from_bytes(data[place:place + 2], 'big')
        if length < 2 or place + length > len(data):
            raise Damaged('it ends within one of its parts')
        if kind in FRAMES and length >= 8:
            found.height, found.width, found.channels = struct.unpack_from(
                '>HHB', data, place + 3)
            frame = kind
        elif kind == APPLICATION_1:
            content = data[place + 2:place + length]
            if content.startswith(EXIF):  # goes on in another part if long
                found.exif += content.removeprefix(EXIF)
            elif content.startswith(XMP):
                found.xmp = content.removeprefix(XMP)
        elif kind == SCAN and frame in SEQUENTIAL:
            number = data[place + 2] if length > 2 else 0
            components = set(data[place + 3:place + 3 + 2 * number:2])
            if components & scanned:
                raise Damaged('it holds a progressive picture, and its '
                              'header says another kind')
            scanned |= components
        place += length
        if kind == SCAN:
            place = _find_mark(data, place)
    return found


def _find_mark(data: bytes, place: int) -> int:
    """Return where coded pixels end: neither a byte of 255 nor a restart."""
    while True:
        place = data.find(b'\xff', place)
        if place < 0 or place + 1 >= len(data):
            raise Damaged('its pixels are cut off')
        if data[place + 1] not in WITHIN:
            return place
        place += 1 if data[place + 1] == 0xff else 2
