"""Probabilities of the classes as stacks for ImageJ, and their entropy."""
from collections.abc import Sequence
from typing import IO, Optional

import numpy as np

from mmseg_ext.basics import printable

STEPS = 2**16 - 1  # what a probability of 1 is stored as
CHUNK = 64  # rows that are worked on at once
# Blending tiles rounds a constant threshold by less than this.
ROUNDING = 1e-4


def is_thresholded(logits: np.ndarray) -> bool:
    """Tell a threshold and a probability from the logits of two classes.

    Args:
        logits: (C, ...), of one image or of a batch.
    """
    return bool(len(logits) == 2 and np.ptp(logits[0]) < ROUNDING
                and logits[1].min() >= -ROUNDING
                and logits[1].max() <= 1 + ROUNDING)


def probabilities_of(logits: np.ndarray) -> np.ndarray:
    """Return the probability of every class.

    Args:
        logits: (C, ...); of a model of one channel its threshold and its
            probability, see :class:`TorchModel`.

    Returns:
        (C, ...) float32, which sums to 1 over the classes.
    """
    if is_thresholded(logits):
        second = logits[1].clip(0, 1)
        return np.stack([1 - second, second])
    powers = np.exp(logits - logits.max(0))
    return powers / powers.sum(0)


def entropy_of(probabilities: np.ndarray) -> np.ndarray:
    """Return how unsure a model is, (...): 0 to 1, where all are equal.

    Shannon's entropy over the logarithm of the number of classes.

    Args:
        probabilities: (C, ...), which sum to 1.
    """
    terms = probabilities * np.log(np.maximum(probabilities, 1e-12))
    return -terms.sum(0) / np.log(max(len(probabilities), 2))


class ProbabilityMaps:
    """Writes probabilities row by row: the stack is never in memory.

    The file is a TIFF stack of 16 bits as ImageJ writes it, a slice a class;
    ImageJ shows values as probabilities, and sizes in micrometres.

    Args:
        file: Open for writing, at its beginning.
        classes: Names of the classes.
        size: (height, width) of the image in pixels.
        um_per_pixel: Side of a pixel in micrometres; None: not known.

    Attributes:
        entropy: (H, W) uint8, 255 where all classes are equally probable.
    """

    def __init__(self, file: IO[bytes], classes: Sequence[str],
                 size: tuple[int, int],
                 um_per_pixel: Optional[float] = None) -> None:
        import tifffile  # takes its time

        self.file = file
        self.size = size
        self.entropy = np.zeros(size, np.uint8)
        scale = {} if um_per_pixel is None else dict(
            resolution=(1 / um_per_pixel, ) * 2)
        # sorted out by ImageJ: value = c0 + c1 * pixel
        self.offset, _ = tifffile.imwrite(
            file, shape=(len(classes), *size), dtype=np.uint16, imagej=True,
            byteorder='>', returnoffset=True, metadata=dict(
                axes='ZYX', Labels=[printable(name) for name in classes],
                unit='pixel' if um_per_pixel is None else 'um', cf=0, c0=0,
                c1=1 / STEPS, vunit='probability', min=0, max=STEPS), **scale)

    def add(self, top: int, logits: np.ndarray) -> None:
        """Write some rows.

        Args:
            top: The first of them.
            logits: (C, h, W).
        """
        height, width = self.size
        for first in range(0, logits.shape[1], CHUNK):
            found = probabilities_of(logits[:, first:first + CHUNK])
            row = top + first
            self.entropy[row:row + found.shape[1]] = np.rint(
                255 * entropy_of(found).clip(0, 1))
            # the large byte first, as ImageJ's own files
            values = np.rint(STEPS * found).astype('>u2')
            for i, plane in enumerate(values):
                self.file.seek(self.offset
                               + 2 * width * (i * height + row))
                self.file.write(plane.tobytes())
