"""Prompt points: where a class activation map peaks."""
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from .contrast import local_contrast
from .segmenter import check_prompt

BACKGROUND = 0.03  # of the longer side: the blur that evens the surface out


class Point(NamedTuple):
    """A pixel of the image. (Libraries such as SAM take (column, row).)"""

    row: int
    col: int


def _centre_of_peak(tied: np.ndarray) -> Point:
    """Choose one pixel of the equal maxima: the middle of a plateau.

    Up-sampling repeats the outermost cells' values up to the border; the
    first such pixel would lie on the border for the first cell only.
    """
    _, labels = cv2.connectedComponents(tied.astype(np.uint8), connectivity=8)
    places = np.argwhere(labels == labels[tied][0])
    distances = np.abs(places - places.mean(axis=0)).sum(axis=1)
    return Point(*places[distances.argmin()].tolist())


def find_points(cam: np.ndarray,
                max_points: int = 1,
                min_distance: float = 32,
                threshold: float = 0.5) -> list[Point]:
    """Return the peaks of a map, the highest first.

    The first is the maximum, the paper's prompt. Each further one is the
    maximum of what lies at least ``min_distance`` away from all before it,
    and has to be a peak of the map itself, not the flank of another.

    Args:
        cam: Map at the image's size (``upsample_cam``), 0 or more.
        max_points: Most points to return.
        min_distance: Least distance between two points in pixels; a cell of
            the CAM's grid is a sensible one.
        threshold: Least height of a point, as a fraction of the maximum.

    Shape:
        cam: (H, W).

    Returns:
        Points in pixels of the map. None (an empty list) if the map is
        nowhere above 0: the classifier saw nothing.

    Raises:
        ValueError: If the map is not finite, or an argument out of range.
    """
    if cam.ndim != 2 or not np.isfinite(cam).all():
        raise ValueError(f'A map of shape {cam.shape} was given'
                         f'{"" if cam.ndim != 2 else " with nan or inf"}; '
                         'finite values (H, W) are expected.')
    if max_points < 1 or min_distance <= 0 or not 0 < threshold <= 1:
        raise ValueError(
            f'max_points={max_points}, min_distance={min_distance}, '
            f'threshold={threshold}: must be 1 or more, above 0, and above 0 '
            'up to 1.')
    points: list[Point] = []
    highest = cam.max()
    if highest <= 0:
        return points
    # A pixel is a peak if none around it is higher.
    peaks = cam >= cv2.dilate(cam, np.ones((3, 3), np.uint8))
    left = np.where(peaks & (cam >= threshold * highest), cam, 0)
    rows, cols = np.indices(cam.shape, sparse=True)
    while len(points) < max_points and left.max() > 0:
        point = _centre_of_peak(left == left.max())
        points.append(point)
        near = np.hypot(rows - point.row, cols - point.col) < min_distance
        left[near] = 0
    return points


def snap_points(image: np.ndarray,
                points: Sequence[tuple[int, int]],
                distance: float = 32) -> list[Point]:
    """Move each point to what contrasts most with its surroundings near it.

    The peak of a map is as coarse as a cell of its grid and seldom lies on a
    thin object; a segmenter that takes the point at its word, as SAM does,
    then segments the surface beside it.

    Args:
        image: Red, green, blue.
        points: (row, column) in pixels.
        distance: Farthest move in pixels; a cell of the CAM's grid.

    Shape:
        image: (H, W, 3) uint8.

    Returns:
        As many points, in the same order; two may have met.

    Raises:
        ValueError: If the image is of another kind, or a point outside.
    """
    check_prompt(image, points)
    size = image.shape[:2]
    contrast = np.abs(local_contrast(
        image, np.zeros(size), background=BACKGROUND * max(size)))
    rows, cols = np.indices(contrast.shape, sparse=True)
    snapped = []
    for row, col in points:
        near = np.hypot(rows - row, cols - col) <= distance
        best = np.where(near, contrast, -1).argmax()
        snapped.append(Point(*map(int, np.unravel_index(best, size))))
    return snapped
