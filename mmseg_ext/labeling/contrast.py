"""Where to look, and what stands out there: shared by the segmenters."""
from collections.abc import Sequence
from typing import Optional

import cv2
import numpy as np

LOW = 0.15  # of the highest activation: below it lies the ordinary surface
SPREAD = 0.1  # of the longer side: reach of a point where there is no CAM
LEAST_SCALE = 0.5  # grey levels; a flat surface has no noise to measure in


def region_around(points: Sequence[tuple[int, int]],
                  shape: tuple[int, int],
                  cam: Optional[np.ndarray] = None) -> np.ndarray:
    """Weigh the pixels by how likely the object at the points is there.

    Args:
        points: (row, column) in pixels.
        shape: Height and width in pixels.
        cam: Class activation map of that size. None: a bell around every
            point stands in for it.

    Shape:
        Returns: (H, W) float32.

    Returns:
        The map as a fraction of its maximum, and 0 wherever it is low or not
        connected to a point.
    """
    if cam is None:
        rows, cols = np.indices(shape, sparse=True)
        scale = 2 * (SPREAD * max(shape))**2
        cam = np.max([
            np.exp(-((rows - row)**2 + (cols - col)**2) / scale)
            for row, col in points
        ], axis=0)
    weight = (cam / max(cam.max(), np.finfo(np.float32).tiny)).astype(
        np.float32)
    _, labels = cv2.connectedComponents((weight >= LOW).astype(np.uint8))
    reached = {int(labels[point]) for point in map(tuple, points)} - {0}
    return np.where(np.isin(labels, list(reached)), weight, 0)


def window_of(weight: np.ndarray, margin: int = 0) -> tuple[slice, slice]:
    """Return the rows and columns around a region that is not empty.

    Args:
        weight: Of ``region_around``.
        margin: Pixels of ordinary surface to keep around it.
    """
    return tuple(
        slice(max(inside.min() - margin, 0), inside.max() + margin + 1)
        for inside in np.nonzero(weight))


def local_contrast(image: np.ndarray,
                   weight: np.ndarray,
                   smooth: float = 1.0,
                   background: Optional[float] = None) -> np.ndarray:
    """Measure brightness in standard deviations of the ordinary surface.

    Args:
        image: Red, green, blue.
        weight: Of ``region_around``; the surface is where it is 0.
        smooth: Standard deviation, in pixels, of the Gaussian blur that
            takes the noise away.
        background: That of the one whose result is subtracted to even out
            the lighting; about the width of the object or more. None:
            nothing is subtracted, for objects of any size.

    Shape:
        image: (H, W, 3) uint8. weight: (H, W). Returns: (H, W) float32.

    Returns:
        0 is the surface's median; above 0 is brighter. The unit is robust:
        1.4826 times the median absolute deviation.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    level = cv2.GaussianBlur(grey, (0, 0), smooth)
    if background is not None:
        level -= cv2.GaussianBlur(grey, (0, 0), background)
    surface = level[weight == 0]
    if surface.size < 0.1 * level.size:
        surface = level  # the map covers all; the object hardly does
    median = np.median(surface)
    scale = 1.4826 * np.median(np.abs(surface - median))
    return (level - median) / max(scale, LEAST_SCALE)


def standing_out(excess: np.ndarray, weight: np.ndarray, level: float,
                 seed: float, fraction: float = 0.25) -> np.ndarray:
    """Threshold with hysteresis, and drop what is slight beside the rest.

    Args:
        excess: Contrast, positive where the object is expected.
        weight: Of ``region_around``.
        level: Excess above which a pixel can belong to the object.
        seed: Excess that a connected part has to reach somewhere.
        fraction: A part's least mass (excess times weight, summed over its
            pixels), relative to the part of the largest.

    Shape:
        excess, weight: (H, W). Returns: (H, W) bool.
    """
    mask = (excess > level) & (weight > 0)
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    mass = np.bincount(labels[mask], weights=(excess * weight)[mask],
                       minlength=1)
    seeded = np.bincount(labels[mask & (excess > seed)],
                         minlength=len(mass)) > 0
    mass = np.where(seeded, mass, 0)
    return mask & (mass > fraction * mass.max())[labels]
