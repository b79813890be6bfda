"""Class ids as colours."""
from collections.abc import Sequence

import numpy as np


def paint(labels: np.ndarray, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Give every class its colour; other values become black.

    Args:
        labels: (H, W) class ids.
        palette: Colour of each class, (red, green, blue), 0 to 255.

    Returns:
        (H, W, 3) uint8, channels blue, green, red, as OpenCV writes them.
    """
    table = np.zeros((256, 3), np.uint8)
    table[:len(palette)] = np.array(palette, np.uint8)[:, ::-1]
    return table[labels]
