"""Write pictures as PNG files."""
from pathlib import Path

import cv2
import numpy as np


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write pixels without loss.

    Args:
        path: The file, in a folder that is there.
        pixels: (H, W) or (H, W, 3 or 4) blue, green, red and alpha, uint8 or
            uint16.
    """
    # cv2.imwrite cannot open paths beyond the code page on Windows.
    try:
        path.write_bytes(cv2.imencode('.png', pixels)[1].tobytes())
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk says none
        raise
