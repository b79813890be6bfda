"""Features of all phases, image by image, in a folder of predictions."""
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics.csv_files import GrowingTable, number

from .features import (
    Features,
    FeatureSummary,
    find_features,
    summarize_features,
)


class FeatureTable:
    """``features.csv``: a line for each grain or particle of each image.

    Args:
        root: Folder of the results.
        classes: Names of the phases, as they stand in tables.
        split: Ids of the phases whose touching features are separated.
        min_area: Smaller ones are left out, in pixels.
    """

    def __init__(self, root: Path, classes: Sequence[str],
                 split: Sequence[int], min_area: int) -> None:
        self.classes, self.split, self.min_area = classes, split, min_area
        self.table = GrowingTable(root / 'features.csv', (
            'image', 'phase', 'feature', 'x', 'y', 'area_pixels', 'area_um2',
            'diameter_um', 'cut_by_border'))

    def add(self, name: str, mask: np.ndarray, um: Optional[float],
            labelled: Mapping[int, np.ndarray]) -> None:
        """Find the features of an image.

        Args:
            name: Of the image.
            mask: (H, W) uint8, class ids.
            um: Side of a pixel in micrometres; None: not known.
            labelled: See :func:`find_features`.
        """
        self.table.append(self._rows(name, find_features(
            mask, len(self.classes), self.min_area, self.split, labelled),
            np.nan if um is None else um))  # nan is written as nothing

    def _rows(self, name: str, found: Features, um: float) -> Iterator[list]:
        areas, diameters = found.area * um**2, found.diameter * um
        for i, class_id in enumerate(found.class_id):
            yield [
                name, self.classes[class_id], i + 1,
                number(found.x[i], 1), number(found.y[i], 1), found.area[i],
                number(areas[i], 6), number(diameters[i], 6),
                int(found.cut[i])
            ]

    def diameters(self) -> dict[str, list[float]]:
        """Return phase -> diameters of its whole features, micrometres."""
        found: dict[str, list[float]] = {phase: [] for phase in self.classes}
        for row in self.table.rows():
            if row['diameter_um'] and row['cut_by_border'] == '0':
                found[row['phase']].append(float(row['diameter_um']))
        return found

    def summarize(self, area: float) -> list[FeatureSummary]:
        """Return a summary of each phase.

        Args:
            area: That was looked at, in square micrometres.
        """
        found = {phase: ([], []) for phase in self.classes}
        for row in self.table.rows():
            if row['area_um2']:
                areas, cut = found[row['phase']]
                areas.append(float(row['area_um2']))
                cut.append(row['cut_by_border'] == '1')
        return [summarize_features(phase, *columns, area)
                for phase, columns in found.items()]
