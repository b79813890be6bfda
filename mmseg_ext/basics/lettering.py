"""Letters on pictures of pixels, in fonts that have them."""
from collections.abc import Sequence
from functools import lru_cache
from typing import Optional

import numpy as np
from matplotlib import font_manager, rcParams
from PIL import Image, ImageDraw, ImageFont

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@lru_cache(maxsize=32)
def _font(families: tuple[str, ...], size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_manager.findfont(
        font_manager.FontProperties(family=list(families))), size)


def _find(size: int, families: Optional[Sequence[str]]
          ) -> ImageFont.FreeTypeFont:
    return _font(tuple(families or rcParams['font.family']), size)


def text_width(text: str, size: int,
               families: Optional[Sequence[str]] = None) -> int:
    """Return how wide a line of text is, in pixels.

    Args:
        text: The line.
        size: Of the letters in pixels.
        families: Of the font, see :func:`~.fonts.readable_names`; None: the
            usual one.
    """
    return int(np.ceil(_find(size, families).getlength(text)))


def write(picture: np.ndarray, text: str, x: int, y: int, size: int,
          families: Optional[Sequence[str]] = None,
          colour: Sequence[int] = BLACK,
          outline: Optional[Sequence[int]] = None) -> int:
    """Write a line of text into a picture; what does not fit is cut off.

    Args:
        picture: (H, W, 3) uint8, which is changed.
        text: The line.
        x: Its left end, in pixels.
        y: Its base line.
        size: Of the letters in pixels.
        families: As in :func:`text_width`.
        colour: Of the letters, in the picture's order of channels.
        outline: Around them; None: there is none.

    Returns:
        The column after the text.
    """
    font = _find(size, families)
    width, stroke = text_width(text, size, families), max(1, size // 10)
    margin = 2 * stroke
    place = margin, size + margin
    shape = width + 2 * margin, 2 * size + 2 * margin
    for ink, thick in ((outline, stroke), (colour, 0)):
        if ink is None:
            continue
        letters = Image.new('L', shape)
        ImageDraw.Draw(letters).text(place, text, 255, font, anchor='ls',
                                     stroke_width=thick)
        _stain(picture, np.asarray(letters), x - place[0], y - place[1], ink)
    return x + width


def _stain(picture: np.ndarray, cover: np.ndarray, x: int, y: int,
           colour: Sequence[int]) -> None:
    """Lay a colour over a picture, as opaque as (H, W) uint8 says."""
    height, width = picture.shape[:2]
    cover = cover[max(-y, 0):max(height - y, 0), max(-x, 0):max(width - x, 0)]
    y, x = max(y, 0), max(x, 0)
    part = picture[y:y + cover.shape[0], x:x + cover.shape[1]]
    opacity = cover[..., None] / 255
    part[:] = np.rint(part * (1 - opacity) + np.array(colour) * opacity)
