"""Whether images are of the kind that a model has learned from."""
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics import decode_image, read_bytes
from mmseg_ext.basics.intensity_statistics import (
    IntensityStatistics,
    is_coloured,
)

from .preparation import Preparation


def read_fitting(path: Path, preparation: Preparation,
                 known: Optional[IntensityStatistics]
                 ) -> tuple[np.ndarray, int]:
    """Return an image without its information band, and its file's bits.

    Args:
        path: Its file.
        preparation: How it is read.
        known: Intensities of the training images; None: not known.

    Returns:
        (H, W, 3) uint8, channels blue, green, red; 8 or 16.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is damaged, or not of the kind of the training's.
    """
    data = read_bytes(path)
    bits = 8 * decode_image(data, str(path)).dtype.itemsize
    if (known is not None and bits > known.bits
            and preparation.bit_depth is None):
        raise ValueError(
            f'{path} has {bits} bits a channel, the training images have '
            f'{known.bits}: say by --bit-depth how many of them the '
            f'detector fills, {bits} for all')
    image, _ = preparation.read(path, data)
    if known is not None and not known.colour and is_coloured(image):
        raise ValueError(
            f'{path} is in colours, and all training images that were '
            'looked at are grey: no map of grey levels makes one of the '
            'other. Convert the images to grey')
    return image, bits


def one_grey(path: Path, mean: float) -> str:
    """Say that nothing can be adapted to in an image of a single level."""
    return (f'{path} is one grey, {mean:.0f}: there is nothing to adapt to in '
            'it. Leave it out')
