"""Find EXIF and XMP in a PNG file: parts of their own, and texts."""
import zlib
from collections.abc import Iterable
from typing import Optional

EXIF, RAW_EXIF, XMP = b'exif', b'Raw profile type exif', b'XML:com.adobe.xmp'
KNOWN = (EXIF, RAW_EXIF, XMP)
MOST = 2**24  # bytes of a text that is expanded


def find_metadata(
        chunks: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    """Return EXIF data and the packet of XMP; empty where there is none.

    EXIF is in a part of its own, or, as ImageMagick and programs before 2017
    write it, in a text of hexadecimal digits. Of each, the last counts.

    Args:
        chunks: Kind and content of eXIf, tEXt, zTXt and iTXt parts.

    Reference:
        PNG Specification, third edition, sections 11.3.3 and 11.3.4.5;
        ImageMagick, coders/png.c, Magick_png_write_raw_profile.
    """
    found: dict[bytes, bytes] = {}
    for kind, content in chunks:
        if kind == b'eXIf':
            found[EXIF] = content
            continue
        key, _, text = content.partition(b'\0')
        if key in KNOWN:
            plain = _plain(kind, text)
            if plain is not None:
                found[key] = plain
    exif = found.get(EXIF)
    if exif is None:
        exif = _from_digits(found.get(RAW_EXIF, b''))
    return exif, found.get(XMP, b'')


def _plain(kind: bytes, text: bytes) -> Optional[bytes]:
    """Return a text without what stands before it; None if it has none."""
    if kind == b'tEXt':
        return text
    if kind == b'zTXt':  # how it is compressed: one way is known
        return _expand(text[1:]) or b''
    packed, way, rest = text[:1], text[1:2], text[2:]
    parts = rest.split(b'\0', 2)  # language, translated key, text
    if len(parts) < 3:
        return None
    if packed == b'\0':
        return parts[2]
    return _expand(parts[2]) if way == b'\0' else None


def _expand(packed: bytes) -> Optional[bytes]:
    try:
        return zlib.decompressobj().decompress(packed, MOST)
    except zlib.error:
        return None


def _from_digits(text: bytes) -> bytes:
    """Read a name, a length, and hexadecimal digits in lines."""
    digits = b''.join(text.split(b'\n')[3:])
    try:
        return bytes.fromhex(digits.decode('ascii'))
    except ValueError:
        return b''
