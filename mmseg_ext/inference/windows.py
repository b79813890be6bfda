"""mmseg's windows, ``test_cfg.mode='slide'``, around any network."""
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .tiling import Tiling


@dataclass(frozen=True)
class Windows:
    """How a config cuts images in testing.

    Not :class:`Tiling`, which is for images that are too large: all windows
    weigh the same where they overlap, and the last of a row is moved back
    until it ends with the image.

    Attributes:
        size: (height, width) of a window in pixels; an image that is smaller
            is one window.
        stride: (height, width) from one window to the next, in pixels.
        divisor: Images are padded to multiples of it before they are cut.
            The network pads what it is given likewise, and so windows that
            reach into the padding end with the image here.

    Raises:
        ValueError: If a number is below 1, windows leave gaps, or they are
            no multiples of ``divisor``.

    Reference:
        mmsegmentation 1.2.2, mmseg/models/segmentors/encoder_decoder.py,
        ``slide_inference``.
    """
    size: tuple[int, int]
    stride: tuple[int, int]
    divisor: int = 1

    def __post_init__(self) -> None:
        if any(not 1 <= stride <= size
               for stride, size in zip(self.stride, self.size)):
            raise ValueError(f'stride={self.stride}: must be from 1 to the '
                             f"windows' crop_size, which is {self.size}")
        if any(size % self.divisor for size in self.size):
            raise ValueError(
                f'crop_size={self.size}: must be a multiple of size_divisor='
                f'{self.divisor}, to which images are padded before windows '
                'are cut')

    def describe(self) -> str:
        """Say it in words."""
        return 'windows of {} x {} pixels, every {} x {}'.format(
            *self.size, *self.stride)

    def tiling(self) -> Tiling:
        """Return the tiles that are like them, for images too large."""
        # half of a tile is the most, where windows overlap more
        return Tiling(self.size, tuple(
            min(size - step, size // 2)
            for size, step in zip(self.size, self.stride)))

    def logits(self, run: Callable[[np.ndarray], np.ndarray],
               batch: np.ndarray) -> np.ndarray:
        """Return the mean of the windows' logits.

        Args:
            run: (B, h, w, 3) uint8 -> (B, C, h, w) float32.
            batch: (B, H, W, 3) uint8.

        Returns:
            (B, C, H, W) float32.
        """
        height, width = batch.shape[1:3]
        total, count = None, np.zeros((height, width), np.float32)
        for rows in self._spans(height, 0):
            for cols in self._spans(width, 1):
                found = run(batch[:, rows, cols])
                if total is None:
                    total = np.zeros(
                        (*found.shape[:2], height, width), np.float32)
                total[..., rows, cols] += found
                count[rows, cols] += 1
        return total / count

    def _spans(self, length: int, side: int) -> Iterator[slice]:
        """Return where windows begin and end along one side of an image."""
        size, stride = self.size[side], self.stride[side]
        padded = -(-length // self.divisor) * self.divisor
        steps = -(-max(padded - size, 0) // stride)
        for i in range(steps + 1):
            start = max(min(i * stride, padded - size), 0)
            yield slice(start, min(start + size, length))
