"""Decode image files as they are, and micrographs to 8 bits."""
import io
from typing import Optional

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from .files import read_bytes

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff')


def decode_image(data: bytes, path: str) -> np.ndarray:
    """Decode a file as it is: (H, W) or (H, W, channels), any dtype.

    Args:
        data: Its content.
        path: Its name, for errors.

    Raises:
        ValueError: If it is unreadable or holds several pages.
    """
    content = np.frombuffer(data, np.uint8)
    try:
        ok, pages = cv2.imdecodemulti(content, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        ok, pages = False, ()
    if not ok or not pages:
        raise ValueError(
            f'{path} cannot be read as an image ({content.size} bytes). It '
            'may be truncated or of another format: open it in an image '
            'program and save it as PNG or TIFF, or remove it.')
    if len(pages) > 1:
        raise ValueError(f'{path} holds {len(pages)} pages; one image is '
                         'expected. Save the page that you mean as a file '
                         'of its own.')
    return pages[0]


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
                'full it becomes nearly black. Set bit_depth to the '
                "detector's (12 for values up to 4095), or to 16 if it is "
                'that dark.')
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
    """Decode a file as it is: (H, W) or (H, W, channels), any dtype."""
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
    """Return (height, width) of an image file, from its header if possible.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If it is unreadable.
    """
    data = read_bytes(path, backend_args)
    try:
        with Image.open(io.BytesIO(data)) as header:
            return header.height, header.width
    except (UnidentifiedImageError, OSError):
        # Pillow knows fewer kinds of TIFF than OpenCV (64-bit ones).
        return decode_image(data, str(path)).shape[:2]
