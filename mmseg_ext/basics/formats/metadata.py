"""Find the orientation in what cameras and programs write beside pixels."""
import re
import struct
from typing import Optional

ORIENTATION = 274
# Type of EXIF's value -> its code for struct; by other types none is told.
INTEGERS = {3: 'H', 4: 'I', 6: 'b', 8: 'h', 9: 'i', 13: 'I'}
NO_NUMBERS = (1, 2, 5, 7, 10, 11, 12)
# As an attribute of a description, and as an element of its own.
IN_XMP = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')


def find_orientation(exif: Optional[bytes], xmp: bytes = b'') -> int:
    """Return the orientation, 1 to 8, that EXIF or XMP names; 1 without one.

    XMP is asked where EXIF says nothing, as Pillow's
    ``ImageOps.exif_transpose`` does.

    Args:
        exif: From the byte order on, 'II' or 'MM', or from 'Exif' before it;
            None or empty: there is none.
        xmp: Packet of XMP.

    Reference:
        JEITA CP-3451, sections 4.5.2 and 4.6.4 (tag 112 hexadecimal); Adobe,
        XMP specification, part 2, section 3.3.
    """
    found = _in_exif(exif) if exif else None
    if found is None:
        match = IN_XMP.search(xmp)
        found = int(match[1]) if match else 1
    return found if 1 <= found <= 8 else 1


def _in_exif(exif: bytes) -> Optional[int]:
    """Return what the tag says, 0 if it is no number, None without it."""
    exif = re.sub(b'^(Exif\0\0){1,2}', b'', exif)
    order = {b'II': '<', b'MM': '>'}.get(exif[:2])
    if order is None:
        return None
    try:
        start, = struct.unpack_from(f'{order}I', exif, 4)
        entries, = struct.unpack_from(f'{order}H', exif, start)
        for place in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind, count = struct.unpack_from(f'{order}HHI', exif, place)
            if tag != ORIENTATION or not count:
                continue
            if kind in INTEGERS:
                code, place = order + INTEGERS[kind], place + 8
                if count * struct.calcsize(code) > 4:  # they lie elsewhere
                    place, = struct.unpack_from(f'{order}I', exif, place)
                return struct.unpack_from(code, exif, place)[0]
            if kind in NO_NUMBERS:
                return 0
    except struct.error:  # what is not there turns nothing
        pass
    return None
