"""Decode by Pillow, without its limit of pixels."""
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

import numpy as np
from PIL import Image

from .facts import (
    Damaged,
    Facts,
    Indexed,
    Pixels,
    Reader,
    Unsupported,
    several_pages,
)
from .metadata import find_orientation
from .said import hear

# First bytes -> Pillow's name of further formats that hold still pictures.
SIGNATURES = ((b'GIF8', 'GIF'), (b'P1', 'PPM'), (b'P2', 'PPM'),
              (b'P3', 'PPM'), (b'P4', 'PPM'), (b'P5', 'PPM'), (b'P6', 'PPM'),
              (b'\xff\x4f\xff\x51', 'JPEG2000'),
              (b'\x00\x00\x00\x0cjP  ', 'JPEG2000'))
# What Pillow raises where a file is damaged depends on the place.
ERRORS = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError,
          ArithmeticError, AttributeError)


def format_of(data: bytes) -> str:
    """Return Pillow's name of the format, '' if it is none of these."""
    if data[:4] == b'RIFF' and data[8:12] == b'WEBP':
        return 'WEBP'
    return next((name for begin, name in SIGNATURES
                 if data.startswith(begin)), '')


def open_by_pillow(data: bytes, kind: str) -> Image.Image:
    """Open a file of a format; ``Image.open`` refuses large ones.

    Raises:
        Damaged: If it cannot be opened.
        Unsupported: If Pillow was built without the format.
    """
    if kind not in Image.OPEN:
        Image.init()
    if kind not in Image.OPEN:
        raise Unsupported(f'is a {kind} file, which the Pillow here does not '
                          'read. Save it as PNG.')
    try:
        return Image.OPEN[kind][0](io.BytesIO(data), '')
    except ERRORS as error:
        raise Damaged(_reason(error)) from error


def load_by_pillow(data: bytes, kind: str) -> Image.Image:
    """Open a file of a format and decode its pixels.

    Raises:
        Damaged: If they are not all there.
        Unsupported: If Pillow was built without the format.
    """
    image = open_by_pillow(data, kind)
    _load(image)
    return image


@contextmanager
def _without_limit() -> Iterator[None]:
    """Let Pillow decode what fits into memory, without a warning.

    Of TIFF it compares the size with its limit again as it loads the pixels.
    """
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _load(image: Image.Image) -> None:
    if image.format == 'TIFF':
        # By it some releases turn the pixels, and fail where it is a text.
        image.info.pop('xmp', None)
    with hear() as lines, _without_limit():
        try:
            image.load()
        except ERRORS as error:
            reason = _reason(error)
        else:
            reason = ''
    # libtiff says more than Pillow, and its errors alone
    said = ' '.join(lines[0].split()) if lines else ''
    said = said.replace('tempfile.tif: ', '')
    if 'is not configured' in said:
        raise Unsupported('is compressed in a way that the Pillow here was '
                          f'built without ({said.strip(": .")}). Save it '
                          'without compression, or install a newer Pillow.')
    if reason or (said and image.format == 'TIFF'):
        raise Damaged(said or reason)


def decode_by_pillow(data: bytes, kind: str, stored: bool) -> Pixels:
    """Decode a file of a format, see :meth:`Reader.decode`."""
    return _pixels(load_by_pillow(data, kind), stored)


def _pixels(image: Image.Image, stored: bool) -> Pixels:
    if image.mode == '1':
        return np.asarray(image).astype(np.uint8) * (1 if stored else 255)
    if image.mode == 'P' and stored:
        palette = image.getpalette('RGB') or []
        colours = np.zeros((256, 3), np.uint8)
        colours.flat[:len(palette)] = palette
        return Indexed(np.array(image), colours, _alphas(image))
    if image.mode in ('P', 'PA', 'CMYK', 'YCbCr'):
        if stored and image.mode in ('CMYK', 'YCbCr'):
            raise coded_colours(image.mode)
        alpha = image.mode == 'PA' or 'transparency' in image.info
        image = image.convert('RGBA' if alpha else 'RGB')
    if image.mode == 'LA':
        image = image.convert('RGBA')
    if image.mode not in ('L', 'I;16', 'I', 'F', 'RGB', 'RGBA'):
        raise Unsupported(f'holds colours of the kind {image.mode}; grey or '
                          'RGB is expected. Save it as RGB.')
    pixels = np.array(image)
    if pixels.ndim == 3:  # red, green, blue -> blue, green, red
        pixels[..., [0, 2]] = pixels[..., [2, 0]]
    return pixels


def _alphas(image: Image.Image) -> Optional[np.ndarray]:
    """Return how opaque the colours of an indexed picture are."""
    found = image.info.get('transparency')
    if found is None:
        return None
    alphas = np.full(256, 255, np.uint8)
    if isinstance(found, bytes):
        alphas[:len(found)] = list(found)
    else:  # the index of the only one that is not
        alphas[found] = 0
    return alphas


def coded_colours(kind: str) -> Unsupported:
    """Return the refusal of a mask whose colours are computed."""
    return Unsupported(f'is a mask whose colours are coded as {kind}, which '
                       'changes them. Save the mask as grey, indexed or RGB '
                       'PNG.')


def _reason(error: Exception) -> str:
    return ' '.join(str(error).split()) or type(error).__name__


class PillowReader(Reader):
    """Reads still GIF, WebP, JPEG 2000 and portable any-map files."""

    def __init__(self, data: bytes) -> None:
        self.image = open_by_pillow(data, format_of(data))
        try:
            pages = getattr(self.image, 'n_frames', 1)
        except ERRORS as error:
            raise Damaged(_reason(error)) from error
        if pages > 1:
            raise several_pages(pages)
        width, height = self.image.size
        self.facts = Facts(
            self.image.format, height, width,
            height * width * 4,
            find_orientation(self.image.info.get('exif'),
                             self.image.info.get('xmp', b'')))

    def decode(self, stored: bool) -> Pixels:
        _load(self.image)
        return _pixels(self.image, stored)
