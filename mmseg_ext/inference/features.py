"""Connected features of each phase: how many, and how large."""
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Optional

import cv2
import numpy as np

from .grain_labels import label_grains

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
                  min_area: int = 1,
                  split: Collection[int] = (),
                  labelled: Optional[Mapping[int, np.ndarray]] = None
                  ) -> Features:
    """Find the connected features of every class.

    Pixels of one class that touch, corners included, are one feature, unless
    it is split.

    Args:
        mask: (H, W) uint8, class ids.
        num_classes: Number of classes.
        min_area: Leave smaller ones out, in pixels.
        split: Classes whose touching features are separated, see
            :func:`label_grains`.
        labelled: Class -> what that function has returned for it; classes
            that are missing are labelled here.

    Returns:
        The features, ordered by class, then from top to bottom.
    """
    parts, labelled = [], labelled or {}
    for class_id in range(num_classes):
        member = mask == class_id
        if class_id in labelled:
            x, y, area, cut = _measure_labels(labelled[class_id])
        elif class_id in split:
            x, y, area, cut = _measure_labels(label_grains(member, split=True))
        else:
            x, y, area, cut = _measure(member)
        kept = area >= min_area
        parts.append(Features(
            np.full(kept.sum(), class_id), x[kept], y[kept],
            area[kept].astype(np.int64), cut[kept]))
    return Features(*(np.concatenate(column) for column in zip(*parts)))


def _measure(member: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return x, y, area and cut of the connected parts."""
    _, _, stats, centres = cv2.connectedComponentsWithStats(
        member.view(np.uint8), connectivity=8)
    # the first is what does not belong to the class
    left, top, cols, rows, area = stats[1:].T
    height, width = member.shape
    cut = ((left == 0) | (top == 0) | (left + cols == width)
           | (top + rows == height))
    return *centres[1:].T, area, cut


def _measure_labels(labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the same of parts that are numbered from 1."""
    y, x = np.nonzero(labels)
    found = labels[y, x] - 1
    area = np.bincount(found)
    cut = np.zeros(len(area), bool)
    for line in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        cut[line[line > 0] - 1] = True
    return (*(np.bincount(found, place) / np.maximum(area, 1)
              for place in (x, y)), area, cut)


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
