"""Grains of one phase, image by image, in a folder of predictions."""
from pathlib import Path

import numpy as np

from mmseg_ext.basics.csv_files import GrowingTable, number

from .grain_labels import label_grains
from .grain_size import (
    GrainCount,
    GrainSize,
    count_grains,
    numbers_of,
    summarize_grains,
)


class GrainTable:
    """``grain_size.csv``: a line for each image whose scale is known.

    Args:
        root: Folder of the results.
        phase: Name of the phase, as it stands in tables.
        class_id: Its id in masks.
        split: Whether to separate grains that touch.
        min_area: Smaller ones are no grains, in pixels.
    """

    def __init__(self, root: Path, phase: str, class_id: int, split: bool,
                 min_area: int) -> None:
        self.phase, self.class_id = phase, class_id
        self.split, self.min_area = split, min_area
        self.table = GrowingTable(root / 'grain_size.csv', (
            'image', 'phase', 'um_per_pixel', *GrainCount._fields,
            'planimetric_g', 'intercept_g'))

    def label(self, mask: np.ndarray) -> np.ndarray:
        """Return the grains, (H, W) int32, in a mask of class ids."""
        return label_grains(mask == self.class_id, self.split)

    def add(self, name: str, labels: np.ndarray, um: float) -> None:
        """Count the grains of an image.

        Args:
            name: Of the image.
            labels: Its grains, see :meth:`label`.
            um: Side of a pixel in micrometres.
        """
        count = count_grains(labels, self.min_area)
        self.table.append([
            (name, self.phase, f'{um:.9g}', *count,
             *(number(value, 4) for value in numbers_of(count, um)))])

    def summarize(self) -> GrainSize:
        """Return the grain size over all images.

        Raises:
            ValueError: If a line holds no numbers.
        """
        counts, sides = [], []
        for row in self.table.rows():
            try:
                counts.append(GrainCount(*(
                    (float if name == 'intercepts' else int)(row[name])
                    for name in GrainCount._fields)))
                sides.append(float(row['um_per_pixel']))
            except ValueError as error:
                raise ValueError(f'{self.table.path}, {row["image"]}: '
                                 f'{error}') from None
        return summarize_grains(self.phase, counts, sides)
