"""What the headers of TIFF files say of the size of a pixel."""
import re
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any, BinaryIO, Optional

import tifffile

from .ini_text import ini_values, tescan_sides
from .statement import Statement, both, to_um

FEI = (34682, 34680)
ZEISS = 34118
SIS = 33560
TESCAN = 50431
X_RESOLUTION, Y_RESOLUTION = 282, 283
# The reference image width of Zeiss, which its unnamed pixel size is for.
ZEISS_WIDTH = 1024
# What a header whose numbers are wrong may cause.
ODD = (tifffile.TiffFileError, ValueError, ArithmeticError, LookupError,
       TypeError, AttributeError, struct.error, ElementTree.ParseError)


def tiff_statements(file: str | BinaryIO) -> list[Statement]:
    """Return what the header of a TIFF file says; none where it is odd.

    The resolution alone (72, 96, 300 dpi, ...) says nothing: it is what a
    printer or a screen is asked for.

    Args:
        file: Its path, or itself opened.
    """
    found = []
    try:
        with tifffile.TiffFile(file) as tiff:
            page = tiff.pages[0]
            for read in (_fei, _zeiss, _olympus, _tescan, _imagej, _ome):
                try:
                    found += read(page)
                except ODD:  # one maker's tag tells nothing of the others
                    continue
    except ODD:
        pass
    return found


def _fei(page: tifffile.TiffPage) -> Iterator[Statement]:
    header = next(filter(None, map(page.tags.valueof, FEI)), None)
    if header is None:
        return
    image = header.get('Image', {})
    size = _size(image.get('ResolutionX'), image.get('ResolutionY'))
    um = None
    for section in ('Scan', 'EScan', 'IScan'):
        scan = header.get(section, {})
        um = um or both(*(to_um(scan.get(side), 'm')
                          for side in ('PixelWidth', 'PixelHeight')))
    beam = header.get('IRBeam', {})
    if um is None and size is not None and 'HFW' in beam:
        um = both(to_um(beam['HFW'] / size[1], 'm'),
                  to_um(beam.get('VFW', 0) / size[0], 'm'))
    yield Statement('FEI header', um, size)


def _zeiss(page: tifffile.TiffPage) -> Iterator[Statement]:
    header = page.tags.valueof(ZEISS)
    if not header:
        return
    # ('Image Pixel Size', 1.117, 'nm'); not ap_pixel_size, which is of the
    # screen
    _, *length = header.get('ap_image_pixel_size', (None, ))
    side = to_um(*length) if len(length) == 2 else None
    if side is None and len(header.get('', ())) > 3:
        # https://github.com/hyperspy/rosettasciio: metres, for an image of
        # 1024 pixels
        side = to_um(header[''][3] * ZEISS_WIDTH / page.imagewidth, 'm')
    # ('Store resolution', '1024 * 768')
    store = re.findall(r'\d+', str(header.get('dp_image_store', ('', ))[-1]))
    yield Statement('Zeiss header', both(side, side),
                    _size(*store) if len(store) == 2 else None)


def _olympus(page: tifffile.TiffPage) -> Iterator[Statement]:
    header = page.tags.valueof(SIS)
    if header:
        yield Statement('Olympus SIS header', both(
            *(to_um(header.get(side), 'm')
              for side in ('pixelsizex', 'pixelsizey'))))


def _tescan(page: tifffile.TiffPage) -> Iterator[Statement]:
    header = page.tags.valueof(TESCAN)
    if header is None:
        return
    text = (header.decode('latin-1') if isinstance(header, bytes) else
            header if isinstance(header, str) else
            bytes(header).decode('latin-1'))
    yield Statement('TESCAN header', tescan_sides(ini_values(text)))


def _imagej(page: tifffile.TiffPage) -> Iterator[Statement]:
    values = ini_values(page.description)
    if 'imagej' not in values or 'unit' not in values:
        return
    sides = []
    for tag in (X_RESOLUTION, Y_RESOLUTION):
        pixels, units = page.tags.valueof(tag) or (0, 0)
        sides.append(to_um(units / pixels, values['unit']) if pixels else None)
    yield Statement('ImageJ header', both(*sides))


def _ome(page: tifffile.TiffPage) -> Iterator[Statement]:
    if not page.description.rstrip().endswith('OME>'):
        return
    for pixels in ElementTree.fromstring(page.description).iter():
        if pixels.tag.endswith('}Pixels') or pixels.tag == 'Pixels':
            yield Statement('OME header', both(
                *(to_um(pixels.get(f'PhysicalSize{axis}'),
                        pixels.get(f'PhysicalSize{axis}Unit', 'um'))
                  for axis in 'XY')))
            return


def _size(width: Any, height: Any) -> Optional[tuple[int, int]]:
    """Return (height, width), if it is one."""
    size = int(height or 0), int(width or 0)
    return size if min(size) > 0 else None
