"""Scale bars: a round length near a fifth of a picture's width."""
import math
from typing import NamedTuple

import cv2
import numpy as np

from .lettering import BLACK, WHITE, text_width, write

FRACTION = 0.2  # of the width of a picture
STEPS = (1, 2, 5)
UNITS = ((1000, 'mm'), (1, 'µm'), (0.001, 'nm'))  # micrometres in each


class ScaleBar(NamedTuple):
    """A bar: its ``length`` in pixels, and the ``label`` that says it."""
    length: float
    label: str


def scale_bar(width: float, um_per_pixel: float) -> ScaleBar:
    """Return the scale bar of a picture.

    Args:
        width: Of the picture in pixels.
        um_per_pixel: Side of a pixel in micrometres.

    Returns:
        A bar of 1, 2 or 5 times a power of ten, by ratio the one nearest to
        a fifth of the width.

    Raises:
        ValueError: If an argument is not more than 0.
    """
    wanted = FRACTION * width * um_per_pixel
    if not 0 < wanted < math.inf:
        raise ValueError(f'width={width}, um_per_pixel={um_per_pixel}: must '
                         'be more than 0')
    exponent = math.floor(math.log10(wanted))
    um = min((step * 10.0**power for power in (exponent, exponent + 1)
              for step in STEPS),
             key=lambda length: abs(math.log(length / wanted)))
    # 0.9995: what a power of ten misses in floating point
    size, unit = next(((size, unit) for size, unit in UNITS
                       if um >= 0.9995 * size), UNITS[-1])
    return ScaleBar(um / um_per_pixel, f'{um / size:.6g} {unit}')


def draw_scale_bar(picture: np.ndarray, um_per_pixel: float) -> np.ndarray:
    """Draw a scale bar into the lower right corner of a micrograph.

    White with a black outline, to be seen on any ground. It covers pixels:
    for pictures of what was predicted see :func:`~.legend_strip.add_strip`.

    Args:
        picture: (H, W, 3) uint8, which stays as it is.
        um_per_pixel: Side of its pixels in micrometres.

    Returns:
        Another picture; without a bar if it is too small for one.
    """
    height, width = picture.shape[:2]
    bar = scale_bar(width, um_per_pixel)
    length, size = round(bar.length), max(11, width // 28)
    thick, rim = max(2, size // 4), max(1, size // 14)
    margin = size // 2 + rim
    needed = max(length, text_width(bar.label, size)) + 2 * margin
    if length < 1 or needed > width or 3 * size + thick > height:
        return picture
    picture = picture.copy()
    left, top = width - margin - length, height - margin - thick
    cv2.rectangle(picture, (left - rim, top - rim),
                  (left + length - 1 + rim, top + thick - 1 + rim), BLACK,
                  cv2.FILLED)
    cv2.rectangle(picture, (left, top),
                  (left + length - 1, top + thick - 1), WHITE, cv2.FILLED)
    label = text_width(bar.label, size)
    x = min(left + (length - label) // 2, width - margin - label)
    write(picture, bar.label, x, top - size // 3 - rim, size, colour=WHITE,
          outline=BLACK)
    return picture
