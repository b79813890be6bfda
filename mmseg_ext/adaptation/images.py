"""The images to adapt to: how bright they are, and whether they fit."""
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics.errors import user_sentence
from mmseg_ext.basics.intensity import LEAST_STD, IntensityMatch
from mmseg_ext.basics.intensity_statistics import (
    IntensityCollector,
    IntensityStatistics,
)
from mmseg_ext.basics.printable import MAX_LISTED
from mmseg_ext.inference.fitting import one_grey, read_fitting
from mmseg_ext.inference.preparation import Preparation


class TargetImages:
    """Images of another appearance than those of the training.

    Args:
        paths: Name -> file.
        preparation: How they are read.
        known: Intensities of the training images; None: not known.

    Raises:
        ValueError: If there is none.
    """

    def __init__(self, paths: Mapping[str, Path], preparation: Preparation,
                 known: Optional[IntensityStatistics]) -> None:
        if not paths:
            raise ValueError('There is no image to adapt to')
        self.paths = list(paths.values())
        self._preparation = preparation
        self._known = known

    def read(self, path: Path) -> tuple[np.ndarray, int]:
        """Return an image without its information band, and its file's bits.

        Returns:
            (H, W, 3) uint8, channels blue, green, red; 8 or 16.

        Raises:
            OSError: If it cannot be read.
            ValueError: If it is damaged, or not of the kind of the
                training's.
        """
        return read_fitting(path, self._preparation, self._known)

    def measure(self, match: Optional[IntensityMatch],
                progress: Callable[[str], None]
                ) -> tuple[IntensityStatistics, IntensityStatistics]:
        """Return intensities as the images are, and as a map makes them.

        Args:
            match: The map; None: none.
            progress: Called with a line that says how far it is.

        Raises:
            ValueError: If images cannot be read, do not fit, or are one
                grey; names them.
        """
        before, after = IntensityCollector(), IntensityCollector()
        refused = []
        for i, path in enumerate(self.paths):
            progress(f'{i} of {len(self.paths)} images measured')
            try:
                image, bits = self.read(path)
                mean, std = before.add(image, bits=bits)
                if std < LEAST_STD:
                    raise ValueError(one_grey(path, mean))
                after.add(image if match is None else match(image, str(path)))
            except (OSError, ValueError) as error:
                refused.append(user_sentence(error))
        if refused:
            raise ValueError(_describe(refused, len(self.paths)))
        return before.statistics(), after.statistics()


def _describe(refused: Sequence[str], number: int) -> str:
    """Name the first images that cannot be adapted to, and why."""
    if len(refused) == number == 1:
        return refused[0]
    rest = len(refused) - MAX_LISTED
    return '\n  '.join([
        f'{len(refused)} of {number} images cannot be adapted to, and nothing '
        'is written:', *refused[:MAX_LISTED],
        *[f'and {rest} more'] * (rest > 0)])
