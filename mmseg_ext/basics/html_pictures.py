"""Pictures within the page of a report."""
import base64
import io
from collections.abc import Sequence
from typing import Optional

import cv2
import numpy as np
from PIL import Image

SIDE = 640  # of a picture in pixels, the longer one
JPEG_QUALITY = 80


def _shrink(image: np.ndarray, interpolation: int,
            side: int = SIDE) -> np.ndarray:
    factor = side / max(image.shape[:2])
    if factor >= 1:
        return image
    height, width = (max(1, round(length * factor))
                     for length in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=interpolation)


def jpeg_address(image: np.ndarray, side: int = SIDE) -> str:
    """Return a picture, (H, W, 3) blue, green, red, as a data address.

    Args:
        image: The picture.
        side: Longer side that it is shrunk to, in pixels.
    """
    image = _shrink(image, cv2.INTER_AREA, side)
    grey = (image == image[..., :1]).all()
    picture = Image.fromarray(
        np.ascontiguousarray(image[..., 0] if grey else image[..., ::-1]))
    return _address(picture, 'jpeg', quality=JPEG_QUALITY, optimize=True)


def png_address(mask: np.ndarray, palette: Sequence[Sequence[int]],
                transparent: Optional[int] = None) -> str:
    """Return class ids in their colours as a data address.

    Args:
        mask: (H, W) uint8.
        palette: Colour of each class, (red, green, blue), 0 to 255.
        transparent: Class that shows what lies below.
    """
    picture = Image.fromarray(_shrink(mask, cv2.INTER_NEAREST))
    picture.putpalette(bytes(np.array(palette, np.uint8).flatten()))
    options = {} if transparent is None else dict(transparency=transparent)
    return _address(picture, 'png', optimize=True, **options)


def _address(picture: Image.Image, kind: str, **options) -> str:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file_address(file.getvalue(), kind)


def file_address(content: bytes, kind: str) -> str:
    """Return a picture's file of a kind, such as 'png', as a data address."""
    return f'data:image/{kind};base64,{base64.b64encode(content).decode()}'
