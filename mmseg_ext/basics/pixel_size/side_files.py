"""What microscopes write into a text file beside the image."""
import os
import re
from pathlib import Path
from typing import Optional

from ..text_files import decode_text
from .ini_text import ini_values, tescan_sides
from .statement import Statement, both, to_um

LARGEST = 1 << 16  # bytes; all of them are far smaller
JEOL_LINE = re.compile(r'^\s*\$+(\w+)[ \t]+(.*?)\s*$', re.MULTILINE)


def side_statement(path: Path) -> Optional[Statement]:
    """Return what a side file says of its image.

    Args:
        path: The ``.txt`` of JEOL or Hitachi, the ``.hdr`` of TESCAN.

    Returns:
        None if it is none of these: labels have the same names.

    Raises:
        OSError: If it cannot be read.
    """
    with open(path, 'rb') as file:
        data = file.read(LARGEST)
    try:
        text = decode_text(data, path)
    except ValueError:  # a user's comment in a code page; keys are ASCII
        text = data.decode('latin-1')
    read = {'.txt': (_jeol, _hitachi), '.hdr': (_tescan, )}
    for kind in read[path.suffix.lower()]:
        found = kind(text, path.name)
        if found is not None:
            return found
    return None


def _jeol(text: str, name: str) -> Optional[Statement]:
    values = dict(JEOL_LINE.findall(text))
    if not {'SM_MICRON_BAR', 'SM_MICRON_MARKER'} <= {*values}:
        return None
    marker = re.fullmatch(r'([\d.]+)\s*(\S+)', values['SM_MICRON_MARKER'])
    length = to_um(*marker.groups()) if marker else None
    try:
        side = length and length / float(values['SM_MICRON_BAR'])
    except (ValueError, ZeroDivisionError):
        side = None
    # '1280 960': width and height
    size = re.fullmatch(r'(\d+) +(\d+)', values.get('CM_FULL_SIZE', ''))
    return Statement('JEOL side file', both(side, side), _picture(size), name)


def _hitachi(text: str, name: str) -> Optional[Statement]:
    if '[semimagefile]' not in text.casefold():
        return None
    values = ini_values(text)
    side = to_um(values.get('pixelsize'), 'nm')
    size = re.fullmatch(r'(\d+) *x *(\d+)', values.get('datasize', ''))
    return Statement('Hitachi side file', both(side, side), _picture(size),
                     name)


def _tescan(text: str, name: str) -> Optional[Statement]:
    values = ini_values(text)
    if 'pixelsizex' not in values:
        return None
    # It tells the band's height (ImageStripSize), but not the picture's:
    # whether the band is still there cannot be told from it.
    return Statement('TESCAN side file', tescan_sides(values), file=name)


def _picture(size: Optional[re.Match]) -> Optional[tuple[int, int]]:
    if size is None or not int(size[1]) or not int(size[2]):
        return None
    return int(size[2]), int(size[1])


def candidates(path: Path) -> list[Path]:
    """Return the files beside an image that are named like its side files.

    TESCAN names that of ``a.png`` ``a-png.hdr``.
    """
    stem, kind = path.stem, path.suffix.removeprefix('.')
    found = []
    for names in ((f'{stem}.txt', f'{stem}.TXT'),
                  (f'{stem}-{kind}.hdr', f'{stem}.hdr', f'{stem}.HDR')):
        beside = (path.with_name(name) for name in names)
        found += [file for file in beside if os.path.isfile(file)][:1]
    return found
