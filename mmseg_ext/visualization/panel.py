"""Image, ground truth and prediction side by side in the classes' colours."""
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from mmseg_ext.basics import paint

HEADER = 28  # pixels above the pictures, for their titles
GAP = 8  # pixels between them
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def _write(picture: np.ndarray, text: str, x: int, y: int) -> int:
    """Write black text and return the column after it."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    cv2.putText(picture, text, (x, y), font, scale, BLACK, 1, cv2.LINE_AA)
    return x + cv2.getTextSize(text, font, scale, 1)[0][0]


def _with_legend(picture: np.ndarray, classes: Sequence[str],
                 palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Add a line under the picture that names each colour."""
    legend = np.full((HEADER, picture.shape[1], 3), WHITE, np.uint8)
    x = GAP
    for name, colour in zip(classes, palette):
        bgr = tuple(int(value) for value in colour[::-1])
        cv2.rectangle(legend, (x, 8), (x + 12, 20), bgr, cv2.FILLED)
        cv2.rectangle(legend, (x, 8), (x + 12, 20), BLACK, 1)
        x = _write(legend, name, x + 18, 19) + 2 * GAP
    return np.vstack([picture, legend])


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
    for title in rows[0]:
        width = rows[0][title].shape[1]
        parts = [np.full((HEADER, width, 3), WHITE, np.uint8)]
        _write(parts[0], title, 2, 19)
        for row in rows:
            parts += [row[title], np.full((GAP, width, 3), WHITE, np.uint8)]
        column = np.vstack(parts[:-1])
        gap = np.full((len(column), GAP, 3), WHITE, np.uint8)
        columns += [column, gap]
    return _with_legend(np.hstack(columns[:-1]), classes, palette)


def draw_panel(image: np.ndarray, truth: np.ndarray,
               predictions: Mapping[str, np.ndarray], classes: Sequence[str],
               palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Draw image | ground truth | predictions, with titles and a legend.

    Args:
        image: (H, W, 3) uint8, channels blue, green, red.
        truth: (H, W) class ids; pixels without a label become black.
        predictions: Title -> (H, W) class ids.
        classes: Names of the classes.
        palette: Colour of each class, (red, green, blue), 0 to 255.

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
    return draw_grid([dict(image=image, **painted)], classes, palette)
