"""Find the orientation in the EXIF data that cameras write."""
import struct

ORIENTATION = 274


def read_orientation(exif: bytes) -> int:
    """Return the orientation, 1 to 8, that EXIF data name; 1 without one.

    Args:
        exif: From the byte order on, 'II' or 'MM'.

    Reference:
        JEITA CP-3451, sections 4.5.2 and 4.6.4 (tag 112 hexadecimal).
    """
    order = {b'II': '<', b'MM': '>'}.get(exif[:2])
    try:
        start, = struct.unpack_from(f'{order}I', exif, 4)
        entries, = struct.unpack_from(f'{order}H', exif, start)
        for i in range(entries):
            tag, kind = struct.unpack_from(f'{order}HH', exif,
                                           start + 2 + 12 * i)
            if tag == ORIENTATION and kind in (3, 4):
                value, = struct.unpack_from(f'{order}{"HI"[kind - 3]}', exif,
                                            start + 10 + 12 * i)
                return value if 1 <= value <= 8 else 1
    except struct.error:  # what is not there turns nothing
        pass
    return 1
