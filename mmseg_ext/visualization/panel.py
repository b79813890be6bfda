"""Image, ground truth and prediction side by side in the classes' colours."""
from collections.abc import Mapping, Sequence
from typing import Optional

import numpy as np

from mmseg_ext.basics import paint
from mmseg_ext.basics.legend_strip import LETTERS, ROW, add_strip
from mmseg_ext.basics.lettering import WHITE, write
from mmseg_ext.basics.scale_bar import draw_scale_bar

GAP = 8  # pixels between pictures
PER_LETTER = 40  # a picture is so many times as wide as letters are high


def draw_grid(rows: Sequence[Mapping[str, np.ndarray]],
              classes: Sequence[str],
              palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Draw pictures in rows and columns, with titles and a legend.

    Args:
        rows: Title of the column -> picture (H, W, 3) uint8, channels blue,
            green, red. All rows have the same titles; pictures of a row
            have one height, pictures of a column one width.
        classes: Names of the classes.
        palette: Colour of each class, (red, green, blue), 0 to 255.

    Returns:
        (H', W', 3) uint8, channels blue, green, red.

    Raises:
        ValueError: If the sizes do not fit together.
    """
    sizes = [[picture.shape[:2] for picture in row.values()] for row in rows]
    widths = {tuple(width for _, width in row) for row in sizes}
    if len(widths) > 1 or any(len({h for h, _ in row}) > 1 for row in sizes):
        raise ValueError(f'Pictures of (height, width) {sizes} make no grid: '
                         'those of a row need one height, those of a column '
                         'one width')
    columns = []
    size = max(LETTERS, max(widths.pop()) // PER_LETTER)
    header = round(ROW * size / LETTERS)
    for title in rows[0]:
        width = rows[0][title].shape[1]
        parts = [np.full((header, width, 3), WHITE, np.uint8)]
        write(parts[0], title, 2, header // 2 + size // 3, size)
        for row in rows:
            parts += [row[title], np.full((GAP, width, 3), WHITE, np.uint8)]
        column = np.vstack(parts[:-1])
        gap = np.full((len(column), GAP, 3), WHITE, np.uint8)
        columns += [column, gap]
    return add_strip(np.hstack(columns[:-1]), classes, palette, size=size)


def draw_panel(image: np.ndarray, truth: np.ndarray,
               predictions: Mapping[str, np.ndarray], classes: Sequence[str],
               palette: Sequence[Sequence[int]],
               um_per_pixel: Optional[float] = None) -> np.ndarray:
    """Draw image | ground truth | predictions, with titles and a legend.

    A scale bar is drawn into the image alone: labels stay as they are.

    Args:
        image: (H, W, 3) uint8, channels blue, green, red.
        truth: (H, W) class ids; pixels without a label become black.
        predictions: Title -> (H, W) class ids.
        classes: Names of the classes.
        palette: Colour of each class, (red, green, blue), 0 to 255.
        um_per_pixel: Side of a pixel in micrometres; None: not known, and
            there is no scale bar.

    Returns:
        (H', W', 3) uint8, channels blue, green, red.

    Raises:
        ValueError: If the sizes differ.
    """
    maps = {'ground truth': truth, **predictions}
    sizes = {title: labels.shape for title, labels in maps.items()}
    if set(sizes.values()) != {image.shape[:2]}:
        raise ValueError(f'image {image.shape[:2]} and class ids {sizes} '
                         'must have one size')
    painted = {title: paint(labels, palette)
               for title, labels in maps.items()}
    if um_per_pixel is not None:
        image = draw_scale_bar(image, um_per_pixel)
    return draw_grid([dict(image=image, **painted)], classes, palette)
