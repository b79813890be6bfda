"""Where models disagree."""
from collections.abc import Sequence
from typing import NamedTuple, Optional

import cv2
import numpy as np


class Box(NamedTuple):
    """A rectangle in an image, in pixels from its upper left corner."""
    x: int
    y: int
    width: int
    height: int

    def crop(self, picture: np.ndarray) -> np.ndarray:
        """Return the part of a picture (H, W, ...) that is in the box."""
        return picture[self.y:self.y + self.height,
                       self.x:self.x + self.width]


def disagreement(labels: Sequence[np.ndarray],
                 truth: Optional[np.ndarray] = None,
                 ignore_index: int = 255) -> np.ndarray:
    """Tell for each pixel whether models differ.

    Args:
        labels: Class ids of one model or more, (H, W) each. A single one is
            compared with the ground truth.
        truth: True class ids or ``ignore_index``, (H, W). Pixels without a
            label count as no disagreement; None: every pixel counts.
        ignore_index: Value of pixels without a label.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: If there is nothing to compare.
    """
    maps = list(labels)
    if len(maps) == 1 and truth is not None:
        maps.append(truth)
    if len(maps) < 2:
        raise ValueError('Two models, or a model and the ground truth, are '
                         'needed for a disagreement; there are '
                         f'{len(maps)} maps')
    differ = np.zeros(maps[0].shape, bool)
    for other in maps[1:]:
        differ |= maps[0] != other
    return differ if truth is None else differ & (truth != ignore_index)


def find_boxes(marked: np.ndarray, count: int, side: int) -> list[Box]:
    """Find the squares that hold the most marked pixels.

    Greedily: the fullest square first, then the fullest that does not meet
    it, and so on.

    Args:
        marked: (H, W) bool.
        count: Most squares, 0 or more. Fewer are returned where no marked
            pixel is left, or no room.
        side: Of a square, in pixels; of the image if that is smaller.

    Raises:
        ValueError: If ``side`` is less than 1 or ``count`` less than 0.
    """
    if side < 1 or count < 0:
        raise ValueError(f'side={side}, count={count}: must be at least 1 '
                         'and 0')
    height, width = (min(side, extent) for extent in marked.shape)
    total = cv2.integral(marked.astype(np.uint8)).astype(np.int64)
    # marked pixels of the box whose upper left corner is there
    score = (total[height:, width:] - total[:-height, width:]
             - total[height:, :-width] + total[:-height, :-width])
    boxes = []
    while len(boxes) < count and score.max() > 0:
        y, x = (int(i) for i in np.unravel_index(
            score.argmax(), score.shape))
        boxes.append(Box(x, y, width, height))
        score[max(y - height + 1, 0):y + height,
              max(x - width + 1, 0):x + width] = 0
    return boxes
