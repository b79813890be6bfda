"""Masks over their images, and many of them on one sheet."""
from collections.abc import Sequence
from typing import NamedTuple, Optional

import cv2
import numpy as np

from mmseg_ext.basics.lettering import BLACK, WHITE

from .panel import GAP

MASK, TRUTH, POINT = (0, 0, 255), (0, 200, 0), (0, 255, 255)  # BGR
LINE, SCALE = 15, 0.4  # height of a line of text in pixels, size of letters
GREY = (200, 200, 200)


class Tile(NamedTuple):
    """A picture of a contact sheet, and the lines of text under it.

    ``picture``: (H, W, 3) uint8, channels blue, green, red; None: there is
    none.
    """
    picture: Optional[np.ndarray]
    lines: Sequence[str]


def draw_overlay(image: np.ndarray,
                 mask: Optional[np.ndarray] = None,
                 points: Sequence[tuple[int, int]] = (),
                 truth: Optional[np.ndarray] = None) -> np.ndarray:
    """Draw outlines of mask (red) and ground truth (green), points (yellow).

    Args:
        image: (H, W, 3) uint8, channels blue, green, red.
        mask: (H, W) bool.
        points: (row, column) in pixels.
        truth: (H, W) bool.

    Returns:
        (H, W, 3) uint8, as the image.
    """
    picture = image.copy()
    thickness = max(1, round(max(image.shape[:2]) / 400))
    for region, colour in ((truth, TRUTH), (mask, MASK)):
        if region is not None:
            outlines, _ = cv2.findContours(
                region.astype(np.uint8), cv2.RETR_CCOMP,
                cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(picture, outlines, -1, colour, thickness)
    for row, col in points:
        cv2.drawMarker(picture, (int(col), int(row)), POINT,
                       cv2.MARKER_CROSS, 12 * thickness, thickness)
    return picture


def draw_contact_sheet(tiles: Sequence[Tile],
                       title: str,
                       size: int = 320,
                       width: int = 1600) -> np.ndarray:
    """Draw pictures with their text in rows, from the upper left.

    Args:
        tiles: The pictures, in their order.
        title: Line above them; what does not fit is cut off.
        size: Longer side of each picture in pixels; smaller ones are not
            enlarged.
        width: Greatest width of the sheet in pixels.

    Returns:
        (H, W, 3) uint8, channels blue, green, red.
    """
    pictures = [_shrink(tile.picture, size) for tile in tiles]
    texts = [line for tile in tiles for line in tile.lines]
    cell_width = GAP + max(
        [picture.shape[1] for picture in pictures]
        + [cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, SCALE, 1)[0][0]
           for line in texts], default=0)
    columns = max(1, min(len(tiles), width // cell_width))
    heights = [max(picture.shape[0] for picture in pictures[i:i + columns])
               for i in range(0, len(pictures), columns)]
    captions = GAP + LINE * max((len(tile.lines) for tile in tiles),
                                default=0)
    # of each row, and of what is below the last
    tops = LINE + GAP + np.cumsum([0, *(h + captions for h in heights)])
    sheet = np.full(
        (tops[-1] + GAP, max(GAP + columns * cell_width, width // 2), 3),
        WHITE, np.uint8)
    _write(sheet, title, GAP, LINE)
    for i, (tile, picture) in enumerate(zip(tiles, pictures)):
        row, column = divmod(i, columns)
        y, x = int(tops[row]), GAP + column * cell_width
        sheet[y:y + picture.shape[0], x:x + picture.shape[1]] = picture
        for j, line in enumerate(tile.lines):
            _write(sheet, line, x, y + heights[row] + LINE * j + LINE - 3)
    return sheet


def _shrink(picture: Optional[np.ndarray], size: int) -> np.ndarray:
    if picture is None:
        return np.full((size // 2, size // 2, 3), GREY, np.uint8)
    factor = size / max(picture.shape[:2])
    if factor >= 1:
        return picture
    height, width = (max(1, round(length * factor))
                     for length in picture.shape[:2])
    return cv2.resize(picture, (width, height),
                      interpolation=cv2.INTER_AREA)


def _write(sheet: np.ndarray, text: str, x: int, y: int) -> None:
    cv2.putText(sheet, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, SCALE, BLACK,
                1, cv2.LINE_AA)
