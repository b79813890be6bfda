"""The images to adapt to: how bright they are, and whether they fit."""
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics import decode_image, read_bytes
from mmseg_ext.basics.intensity import LEAST_STD, IntensityMatch
from mmseg_ext.basics.intensity_statistics import (
    IntensityCollector,
    IntensityStatistics,
    is_coloured,
)
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
        data = read_bytes(path)
        bits = 8 * decode_image(data, str(path)).dtype.itemsize
        known = self._known
        if (known is not None and bits > known.bits
                and self._preparation.bit_depth is None):
            raise ValueError(
                f'{path} has {bits} bits a channel, the training images have '
                f'{known.bits}: say by --bit-depth how many of them the '
                f'detector fills, {bits} for all')
        image, _ = self._preparation.read(path, data)
        if known is not None and not known.colour and is_coloured(image):
            raise ValueError(
                f'{path} is in colours, and all training images that were '
                'looked at are grey: no map of grey levels makes one of the '
                'other. Convert the images to grey')
        return image, bits

    def measure(self, match: Optional[IntensityMatch],
                progress: Callable[[str], None]
                ) -> tuple[IntensityStatistics, IntensityStatistics]:
        """Return intensities as the images are, and as a map makes them.

        Args:
            match: The map; None: none.
            progress: Called with a line that says how far it is.

        Raises:
            ValueError: If an image does not fit, or is one grey.
        """
        before, after = IntensityCollector(), IntensityCollector()
        for i, path in enumerate(self.paths):
            progress(f'{i} of {len(self.paths)} images measured')
            image, bits = self.read(path)
            mean, std = before.add(image, bits=bits)
            if std < LEAST_STD:
                raise ValueError(
                    f'{path} is one grey, {mean:.0f}: there is nothing to '
                    'adapt to in it. Leave it out')
            after.add(image if match is None else match(image, str(path)))
        return before.statistics(), after.statistics()
