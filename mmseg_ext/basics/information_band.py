"""Find the strip of text that a microscope writes under its picture."""
import cv2
import numpy as np

LARGEST = 0.25  # of the image's height
SMALLEST = 8  # rows; in fewer no text is legible
FRAME = 3  # rows at most of a frame, and of picture below it
NEAR = 8  # grey levels
FAR = 48  # grey levels that text stands out by


def find_information_band(image: np.ndarray) -> int:
    """Return how many rows at the bottom are the information band.

    The band is as wide as the image and begins at a straight edge; it is
    uniform but for text, lines and a scale bar. A frame around it counts as
    part of it, and so do up to three rows of picture below the frame. A
    scale bar drawn over the picture is no band, nor is a uniform margin
    without text.

    Args:
        image: (H, W, 3) uint8, channels in any order.

    Returns:
        Rows, 0 if there is no band; at most a quarter of H.

    Raises:
        ValueError: If the image is of another shape or type.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f'the image is {image.shape} {image.dtype}; '
                         '(H, W, 3) uint8 is expected')
    # the rows that may be the band, and what may lie over it
    rows = int(LARGEST * len(image)) + FRAME + 1
    grey = cv2.cvtColor(
        np.ascontiguousarray(image[-rows:]), cv2.COLOR_BGR2GRAY)
    if len(grey) < SMALLEST + 2 * FRAME:
        return 0
    background = _mode(grey[-FRAME - SMALLEST:-FRAME])
    of_band = _near(grey, background).mean(axis=1) > 0.4
    found = np.flatnonzero(of_band)
    if not len(found) or len(grey) - found[-1] > 2 * FRAME:
        return 0
    # Lines from side to side interrupt the band, as its frame does.
    breaks = np.flatnonzero(np.diff(found) > FRAME + 1)
    first = int(found[breaks[-1] + 1] if len(breaks) else found[0])
    strip = grey[first:found[-1] + 1]
    if len(strip) < SMALLEST or not _is_text_on(strip, background):
        return 0
    top, edge = first, None
    while top > max(first - FRAME - 1, 0) and _is_uniform(grey[top]):
        if _is_edge(grey[top - 1], grey[top]):
            edge = top
        top -= 1
    if edge is None or len(grey) - edge > LARGEST * len(image):
        return 0
    return len(grey) - edge


def _mode(grey: np.ndarray) -> int:
    """Return the most frequent grey level."""
    return int(np.bincount(grey.ravel(), minlength=256).argmax())


def _near(grey: np.ndarray, level: int, by: int = NEAR) -> np.ndarray:
    return np.abs(grey.astype(np.int16) - level) <= by


def _is_text_on(strip: np.ndarray, background: int) -> bool:
    """Tell whether little stands out of a background without noise."""
    text = 1 - _near(strip, background, FAR).mean()
    return bool(_near(strip, background, 1).mean() > 0.5
                and 0.001 < text < 0.4)


def _is_uniform(line: np.ndarray) -> bool:
    return bool(_near(line, _mode(line)).mean() > 0.75)


def _is_edge(above: np.ndarray, below: np.ndarray) -> bool:
    """Tell whether most columns change from one row to the next."""
    change = np.abs(above.astype(np.int16) - below) > NEAR
    return bool(change.mean() > 0.5)
