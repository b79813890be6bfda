"""What the colours of a picture mean, in a strip below it.

As the information band that microscopes write: nothing of the picture is
covered, and its upper rows stay pixel for pixel what they are.
"""
from collections.abc import Sequence
from typing import Optional

import cv2
import numpy as np

from .fonts import readable_names
from .lettering import BLACK, WHITE, text_width, write
from .scale_bar import ScaleBar, scale_bar

LETTERS = 13  # pixels, at least
ROW = 28  # of a strip with letters of this size
RAMP = 10  # letters' sizes that a colour bar is wide


def letter_size(height: int, width: int) -> int:
    """Return the size of letters below a picture of so many pixels.

    By the width, as in a microscope's band; of a panorama, by the height.
    """
    return max(LETTERS, min(width // 55, height // 20))


def add_strip(picture: np.ndarray,
              classes: Sequence[str],
              palette: Sequence[Sequence[int]],
              um_per_pixel: Optional[float] = None,
              base: Optional[int] = None,
              size: Optional[int] = None) -> np.ndarray:
    """Add a strip with the names of the colours, and a scale bar.

    Args:
        picture: (H, W, 3) uint8, channels blue, green, red.
        classes: Names of the classes.
        palette: Colour of each class, (red, green, blue), 0 to 255.
        um_per_pixel: Side of a pixel in micrometres; None: not known, and
            there is no bar.
        base: Class that has no colour in the picture.
        size: Of the letters in pixels; None: see :func:`letter_size`.

    Returns:
        (H', W', 3) uint8. A picture narrower than an entry is white at the
        right.
    """
    names, families = readable_names(classes)
    size = letter_size(*picture.shape[:2]) if size is None else size
    entries = []
    for i, (name, colour) in enumerate(zip(names, palette)):
        shown = WHITE if i == base else tuple(map(int, colour[::-1]))
        entries.append(('', np.full((size, size, 3), shown, np.uint8),
                        f'{name} (not coloured)' if i == base else name))
    return _add(picture, entries, families, um_per_pixel, size)


def add_colour_bar(picture: np.ndarray, ramp: np.ndarray, label: str,
                   um_per_pixel: Optional[float] = None) -> np.ndarray:
    """Add a strip with a colour bar from 0 to 1, and a scale bar.

    Args:
        picture: (H, W, 3) uint8.
        ramp: (1, n, 3) uint8, the colours from 0 to 1, its order of channels.
        label: What they say.
        um_per_pixel: As in :func:`add_strip`.

    Returns:
        (H', W', 3) uint8.
    """
    size = letter_size(*picture.shape[:2])
    bar = cv2.resize(ramp.reshape(1, -1, 3), (RAMP * size, size),
                     interpolation=cv2.INTER_LINEAR)
    return _add(picture, [(f'{label}   0', bar, '1')], None,
                um_per_pixel, size)


def _add(picture: np.ndarray,
         entries: Sequence[tuple[str, np.ndarray, str]],
         families: Optional[Sequence[str]], um_per_pixel: Optional[float],
         size: int) -> np.ndarray:
    """Write swatches between texts from the left, the scale bar at the right.
    """
    gap, row = round(0.6 * size), round(ROW * size / LETTERS)
    widths = [swatch.shape[1] + sum(
        text_width(text, size, families) + gap // 2
        for text in (before, after) if text)
        for before, swatch, after in entries]
    bar, bar_width = None, 0
    if um_per_pixel is not None:
        bar = scale_bar(picture.shape[1], um_per_pixel)
        bar_width = (round(bar.length) + gap + text_width(bar.label, size))
    width = max(picture.shape[1], max(widths, default=0) + 2 * gap,
                bar_width + 2 * gap)
    places, x, line = [], gap, 0
    for needed in widths:
        if x > gap and x + needed + gap > width:
            x, line = gap, line + 1
        places.append((x, line))
        x += needed + 2 * gap
    line += bool(bar_width and x > gap and x + bar_width + gap > width)
    strip = np.full(((line + 1) * row, width, 3), WHITE, np.uint8)
    for (x, place), (before, swatch, after) in zip(places, entries):
        top = place * row + (row - size) // 2
        line_at = _base_line(top, size)
        if before:
            x = write(strip, before, x, line_at, size, families) + gap // 2
        end = x + swatch.shape[1]
        strip[top:top + size, x:end] = swatch
        cv2.rectangle(strip, (x, top), (end - 1, top + size - 1), BLACK,
                      max(1, size // 16))
        write(strip, after, end + gap // 2, line_at, size, families)
    if bar is not None:
        _write_bar(strip, bar, width - gap - bar_width, line * row, row, size)
    if picture.shape[1] < width:
        picture = np.pad(picture, ((0, 0), (0, width - picture.shape[1]),
                                   (0, 0)), constant_values=255)
    return np.vstack([picture, strip])


def _write_bar(strip: np.ndarray, bar: ScaleBar, x: int, top: int, row: int,
               size: int) -> None:
    thick = max(2, size // 4)
    y = top + (row - thick) // 2
    end = x + round(bar.length)
    strip[y:y + thick, x:end] = BLACK
    write(strip, bar.label, end + round(0.6 * size),
          _base_line(top + (row - size) // 2, size), size)


def _base_line(top: int, size: int) -> int:
    return top + round(0.86 * size)
