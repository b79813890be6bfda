"""One definition of how an image file becomes pixels.

Whatever the format: the orientation that the file names is applied, several
pages are refused, and so is what is damaged, as far as it can be known.
"""
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

import cv2
import numpy as np

from .available_memory import available_memory
from .files import read_bytes
from .formats import (
    SMALL,
    BmpReader,
    Damaged,
    Facts,
    Indexed,
    JpegReader,
    PillowReader,
    PngReader,
    Reader,
    TiffReader,
    Unsupported,
    format_of,
)
from .orientation import apply_orientation, shown_size
from .stand_ins import describe_stand_in

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff')
READERS = {b'\x89PNG\r\n\x1a\n': PngReader, b'\xff\xd8': JpegReader,
           b'II*\0': TiffReader, b'MM\0*': TiffReader,
           b'II+\0': TiffReader, b'MM\0+': TiffReader, b'BM': BmpReader}
DEEP = (2, 6, 8)  # bytes a pixel of 16 bits: grey, colours, and with alpha

# What a file whose numbers are wrong may cause; Damaged is a ValueError.
ODD = (ValueError, ArithmeticError, LookupError, TypeError, struct.error,
       cv2.error)


def open_image(data: bytes, path: str) -> Reader:
    """Read the header of an image file.

    Args:
        data: Its content.
        path: Its name, for errors.

    Raises:
        ValueError: If it is unreadable or holds several pages.
    """
    reader = next((reader for begin, reader in READERS.items()
                   if data.startswith(begin)), None)
    if reader is None and format_of(data):
        reader = PillowReader
    if reader is None:
        known = describe_stand_in(data)
        start = f'{path} cannot be read as an image ({len(data)} bytes)'
        raise ValueError(f'{start}: {known}.' if known else
                         f'{start}. It may be truncated or of another '
                         'format: open it in an image program and save it as '
                         'PNG or TIFF, or remove it.')
    with _named(path, len(data)):
        return reader(data)


def read_facts(path: str, backend_args: Optional[dict] = None) -> Facts:
    """Return what the header of an image file says.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If it is unreadable or holds several pages.
    """
    return open_image(read_bytes(path, backend_args), str(path)).facts


def bytes_per_pixel(path: str) -> int:
    """Return how many bytes a pixel has in a file, see :func:`read_facts`.

    Those of :data:`DEEP` have 16 bits a channel.
    """
    facts = read_facts(path)
    return round(facts.nbytes / (facts.height * facts.width))


def decode_pixels(data: bytes, path: str,
                  stored: bool) -> np.ndarray | Indexed:
    """Decode a file, turned as it is to be shown.

    Args:
        data: Its content.
        path: Its name, for errors.
        stored: Whether to return the numbers in the file or the picture as
            viewers show it, see :meth:`.formats.Reader.decode`.

    Raises:
        ValueError: If it is damaged, larger than the memory, or no single
            picture.
    """
    reader = open_image(data, path)
    facts = reader.facts
    with _named(path, len(data)):
        _check_size(facts, path, len(data))
        try:
            pixels = reader.decode(stored)
        except MemoryError as error:
            raise _too_large(facts) from error
    turn = 1 if reader.upright else facts.orientation
    if isinstance(pixels, Indexed):
        return pixels._replace(
            indices=apply_orientation(pixels.indices, turn))
    return apply_orientation(pixels, turn)


def decode_image(data: bytes, path: str) -> np.ndarray:
    """Decode an image: (H, W) or (H, W, 3 or 4), any dtype.

    It is the picture as viewers show it: upright, white is the greatest
    value, indices are colours. Colours are blue, green, red, and alpha.

    Args:
        data: Its content.
        path: Its name, for errors.

    Raises:
        ValueError: If it is damaged, larger than the memory, or no single
            picture.
    """
    return decode_pixels(data, path, stored=False)


def to_8_bit(image: np.ndarray,
             path: str,
             bit_depth: Optional[int] = None) -> np.ndarray:
    """Turn a micrograph of 8 or 16 bits, grey or colour, into 8-bit colour.

    Args:
        image: (H, W) or (H, W, 1, 3 or 4), uint8 or uint16.
        path: Its file, for errors.
        bit_depth: Significant bits of 16-bit images, for detectors that
            fill only some of them (12: the value 4095 becomes 255). None:
            all 16, and an image that fills less than 12 is an error.

    Returns:
        (H, W, 3) uint8, channels as they were; an alpha channel is left out.

    Raises:
        ValueError: If the image is of another depth, or does not go with
            ``bit_depth``.
    """
    if image.dtype == np.uint16:
        brightest, full = int(image.max()), 2**(bit_depth or 16) - 1
        if brightest > full:
            raise ValueError(f'{path} holds values up to {brightest}; '
                             f'bit_depth={bit_depth} allows {full}.')
        if bit_depth is None and 0 < brightest < 4096:
            raise ValueError(
                f'{path} has 16 bits but no value above {brightest}: read in '
                'full it becomes nearly black. Set bit_depth (of a tool, '
                "--bit-depth) to the detector's (12 for values up to 4095), "
                'or to 16 if it is that dark.')
        deep, image = image, np.empty(image.shape, np.uint8)
        for row, values in zip(image, deep):  # 8 bytes a number for one only
            row[...] = np.round(values * (255 / full))
    elif image.dtype != np.uint8:
        raise ValueError(f'{path} holds {image.dtype} values; 8 or 16 bits '
                         'unsigned are expected. Convert the file.')
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[2] == 1:
        return np.repeat(image, 3, axis=2)  # (H, W, 1) -> (H, W, 3)
    if image.shape[2] not in (3, 4):
        raise ValueError(f'{path} has {image.shape[2]} channels; 1, 3 or 4 '
                         'are expected.')
    return np.ascontiguousarray(image[..., :3])


def decode_file(path: str, backend_args: Optional[dict] = None) -> np.ndarray:
    """Decode an image file, see :func:`decode_image`."""
    return decode_image(read_bytes(path, backend_args), str(path))


def read_image(path: str,
               bit_depth: Optional[int] = None,
               backend_args: Optional[dict] = None) -> np.ndarray:
    """Read a micrograph of 8 or 16 bits, grey or colour.

    Args:
        path: PNG, JPEG, BMP or TIFF file.
        bit_depth: Significant bits of a 16-bit file, see :func:`to_8_bit`.
        backend_args: mmengine's file backend.

    Returns:
        (H, W, 3) uint8, channels blue, green, red, as OpenCV orders them;
        an alpha channel is left out.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If it is unreadable, of another depth, or does not go
            with ``bit_depth``.
    """
    return to_8_bit(decode_file(path, backend_args), str(path), bit_depth)


def read_size(path: str,
              backend_args: Optional[dict] = None) -> tuple[int, int]:
    """Return (height, width) of an image file as it is shown.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If it is unreadable or holds several pages.
    """
    facts = read_facts(path, backend_args)
    return shown_size(facts.height, facts.width, facts.orientation)


@contextmanager
def _named(path: str, size: int) -> Iterator[None]:
    """Name the file in what its reader says of it."""
    try:
        yield
    except Unsupported as error:
        raise ValueError(f'{path} {error}') from error
    except ODD as error:
        raise ValueError(
            f'{path} cannot be read as an image ({size} bytes): {error}. It '
            'is truncated or damaged: copy it from its source again, or '
            'remove it.') from error


def _check_size(facts: Facts, path: str, size: int) -> None:
    """Refuse pixels that the file cannot hold, or the memory."""
    if facts.nbytes <= SMALL:
        return
    if facts.nbytes > facts.capacity:
        raise Damaged(f'its header says {facts.width} x {facts.height} '
                      'pixels, more than it can hold')
    # and once more as colours of 8 bits
    if facts.nbytes + 3 * facts.height * facts.width > available_memory():
        raise _too_large(facts)


def _too_large(facts: Facts) -> Unsupported:
    return Unsupported(
        f'has {facts.width} x {facts.height} pixels: they take '
        f'{facts.nbytes / 1e9:.1f} GB of memory, and more to be worked on; '
        f'{available_memory() / 1e9:.1f} GB are free. Cut the image into '
        'parts, or use a machine with more memory.')
