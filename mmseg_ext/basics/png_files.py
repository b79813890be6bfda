"""Write pictures as PNG files."""
import io
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write pixels without loss.

    Args:
        path: The file, in a folder that is there.
        pixels: (H, W) or (H, W, 3 or 4) blue, green, red and alpha, uint8 or
            uint16.
    """
    # cv2.imwrite cannot open paths beyond the code page on Windows.
    try:
        path.write_bytes(encode_png(pixels))
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk says none
        raise


def write_png_atomically(path: Path, pixels: np.ndarray) -> None:
    """Write pixels as :func:`~.files.write_atomically` writes."""
    write_atomically(path, encode_png(pixels))


def encode_png(pixels: np.ndarray) -> bytes:
    """Return pixels, see :func:`write_png`, as the content of a file."""
    return cv2.imencode('.png', pixels)[1].tobytes()


def write_figure(path: Path, figure: 'Figure') -> bytes:
    """Write a figure, see :func:`~.files.write_atomically`; return its PNG."""
    content = io.BytesIO()
    figure.savefig(content, format='png')
    write_atomically(path, content.getvalue())
    return content.getvalue()
