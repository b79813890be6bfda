"""Connected features of each phase: how many, and how large."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

SQUARE_MM = 1e6  # square micrometres


class Features(NamedTuple):
    """Connected features, such as grains or precipitates; all (n,).

    ``class_id``; ``x`` and ``y``: centre of gravity in pixels; ``area`` in
    pixels; ``cut``: whether it touches the image's border, so that its size
    is not known.
    """
    class_id: np.ndarray
    x: np.ndarray
    y: np.ndarray
    area: np.ndarray
    cut: np.ndarray

    @property
    def diameter(self) -> np.ndarray:
        """Diameter of the circle of equal area, in pixels."""
        return np.sqrt(4 / np.pi * self.area)


def find_features(mask: np.ndarray,
                  num_classes: int,
                  min_area: int = 1) -> Features:
    """Find the connected features of every class.

    Pixels of one class that touch, corners included, are one feature.

    Args:
        mask: (H, W) uint8, class ids.
        num_classes: Number of classes.
        min_area: Leave smaller ones out, in pixels.

    Returns:
        The features, ordered by class, then from top to bottom.
    """
    height, width = mask.shape
    parts = []
    for class_id in range(num_classes):
        _, _, stats, centres = cv2.connectedComponentsWithStats(
            (mask == class_id).view(np.uint8), connectivity=8)
        # the first is what does not belong to the class
        stats, centres = stats[1:], centres[1:]
        left, top, cols, rows, area = stats.T
        cut = ((left == 0) | (top == 0) | (left + cols == width)
               | (top + rows == height))
        kept = area >= min_area
        parts.append(Features(
            np.full(kept.sum(), class_id), centres[kept, 0], centres[kept, 1],
            area[kept].astype(np.int64), cut[kept]))
    return Features(*(np.concatenate(column) for column in zip(*parts)))


@dataclass(frozen=True)
class FeatureSummary:
    """The features of a phase over all images.

    Attributes:
        phase: Its name.
        features: Number of features.
        cut_by_border: Those of them that touch an image's border. The
            following four are without them; nan if none is left.
        mean_diameter_um: Mean equivalent circle diameter.
        std_diameter_um: Its standard deviation, n - 1 in the denominator;
            nan for one feature.
        median_diameter_um: Median equivalent circle diameter.
        mean_area_um2: Mean area.
        features_per_mm2: Number in a square millimetre of image; those cut
            by the border count half.
    """
    phase: str
    features: int
    cut_by_border: int
    mean_diameter_um: float
    std_diameter_um: float
    median_diameter_um: float
    mean_area_um2: float
    features_per_mm2: float


def summarize_features(phase: str,
                       areas: Sequence[float],
                       cut: Sequence[bool],
                       image_area: float) -> FeatureSummary:
    """Return number and sizes of the features of a phase.

    Features that the border cuts are left out of the sizes, as theirs are
    not known. Large features meet the border more often than small ones, so
    that sizes come out too small where features are not small against the
    image.

    Args:
        phase: Name of the phase.
        areas: Of each feature, in square micrometres.
        cut: Whether it touches the image's border.
        image_area: Of all images together, in square micrometres.

    Reference:
        ASTM E112, planimetric procedure: N_inside + N_intercepted / 2.
    """
    areas, cut = np.asarray(areas, np.float64), np.asarray(cut, bool)
    whole = areas[~cut]
    diameters = np.sqrt(4 / np.pi * whole)
    sizes = [np.nan] * 4
    if len(whole):
        std = diameters.std(ddof=1) if len(whole) > 1 else np.nan
        sizes = [diameters.mean(), std, np.median(diameters), whole.mean()]
    number = len(whole) + cut.sum() / 2
    return FeatureSummary(
        phase, len(areas), int(cut.sum()), *(float(size) for size in sizes),
        float(number / image_area * SQUARE_MM))
