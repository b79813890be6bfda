"""Image, truth and prediction side by side in the classes' colours."""
from collections.abc import Sequence

import cv2
import numpy as np

HEADER = 28  # pixels above the pictures, for their titles
GAP = 8  # pixels between them
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


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


def draw_panel(image: np.ndarray, truth: np.ndarray, pred: np.ndarray,
               classes: Sequence[str],
               palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Draw image | truth | prediction, with titles and a legend.

    Args:
        image: (H, W, 3) uint8, channels blue, green, red.
        truth: (H, W) class ids; pixels without a label become black.
        pred: (H, W) class ids.
        classes: Names of the classes.
        palette: Colour of each class, (red, green, blue), 0 to 255.

    Returns:
        (H', W', 3) uint8, channels blue, green, red.

    Raises:
        ValueError: If the sizes differ.
    """
    if not image.shape[:2] == truth.shape == pred.shape:
        raise ValueError(f'image {image.shape[:2]}, truth {truth.shape} and '
                         f'prediction {pred.shape} must have one size')
    columns = []
    pictures = dict(
        image=image,
        truth=paint(truth, palette),
        prediction=paint(pred, palette))
    for title, picture in pictures.items():
        header = np.full((HEADER, picture.shape[1], 3), WHITE, np.uint8)
        _write(header, title, 2, 19)
        gap = np.full((HEADER + picture.shape[0], GAP, 3), WHITE, np.uint8)
        columns += [np.vstack([header, picture]), gap]
    return _with_legend(np.hstack(columns[:-1]), classes, palette)
