"""How bright and how rich in contrast a set of images is."""
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Optional

import cv2
import numpy as np

from .intensity import (
    HISTOGRAM,
    IntensityMatch,
    grey_histogram,
    histogram_moments,
    histogram_quantiles,
)

QUANTILES = 101
DIGITS = 3
# How far an image may lie beyond all of n others and still be one of them.
# Of images of one kind the next is beyond all the others with probability
# 2 / (n + 1), mostly by little: hence the second number, which falls with n.
GREY_MARGIN = (10.0, 20.0)  # grey levels, added to the mean
CONTRAST_MARGIN = (1.2, 0.4)  # a factor of the standard deviation
COLOURED = 2.0  # grey levels that channels differ by, more than JPEG makes


@dataclass(frozen=True)
class IntensityStatistics:
    """Intensities of a set of images, in grey levels of 0 to 255.

    Attributes:
        images: Number of images that they are of.
        total: Number of images that these were drawn from.
        mean: Mean over the images of the mean within each.
        std: The same of the standard deviation within each.
        means: Least, greatest and standard deviation of the images' means.
        stds: The same of the images' standard deviations.
        quantiles: Levels at evenly spaced fractions of the pixels of all
            images, each image counting alike.
        colour: Whether any of them is in colours.
        bits: Most bits of a channel in their files.
    """
    images: int
    total: int
    mean: float
    std: float
    means: tuple[float, float, float]
    stds: tuple[float, float, float]
    quantiles: tuple[float, ...]
    colour: bool = False
    bits: int = 8

    @classmethod
    def read(cls, found: Any, path: str) -> 'IntensityStatistics':
        """Return what :meth:`record` has written.

        Args:
            found: That.
            path: File that it was in, for errors.

        Raises:
            ValueError: If it is something else.
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(found, Mapping) or set(found) != names:
            raise ValueError(f"{path}: what it says of the training images' "
                             f'intensities is not of the kind {sorted(names)}')
        lengths = dict(means=3, stds=3, quantiles=QUANTILES)
        values = dict(found)
        for name in names - {'colour'}:
            value = values[name]
            numbers = value if name in lengths else [value]
            if not isinstance(numbers, (list, tuple)) or not all(
                    isinstance(number, (int, float)) and number >= 0
                    for number in numbers) or len(numbers) != lengths.get(
                        name, 1):
                raise ValueError(f'{path}: {name} of the training images is '
                                 f'{value!r:.80}')
            if name in lengths:
                values[name] = tuple(value)
        return cls(**values)

    def record(self) -> dict[str, Any]:
        """Return it as JSON and checkpoints hold it."""
        return {name: list(value) if isinstance(value, tuple) else value
                for name, value in asdict(self).items()}

    def limits(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the means and the deviations that images of the kind have.

        Those of all images, and a margin that is larger where they are few.
        """
        margin = GREY_MARGIN[0] + GREY_MARGIN[1] / self.images
        factor = CONTRAST_MARGIN[0] + CONTRAST_MARGIN[1] / self.images
        return ((self.means[0] - margin, self.means[1] + margin),
                (self.stds[0] / factor, self.stds[1] * factor))

    def covers(self, mean: float, std: float) -> bool:
        """Tell whether an image of these moments is within the limits."""
        return all(low <= value <= high for value, (low, high) in zip(
            (mean, std), self.limits()))

    def match(self, method: str) -> IntensityMatch:
        """Return the map that makes images like these.

        By 'intensity', mean and deviation are moved into the range of these
        images, and not to their middle: where they are of two kinds, as of
        two detectors, there may be no image at all.

        Args:
            method: See :class:`~.intensity.IntensityMatch`.
        """
        if method == HISTOGRAM:
            return IntensityMatch(method, quantiles=self.quantiles)
        return IntensityMatch(method, self.means[:2], self.stds[:2])

    def describe(self) -> str:
        """Say it within a sentence."""
        return (f'mean {self.mean:.0f} ({_span(self.means)}), deviation '
                f'within an image {self.std:.0f} ({_span(self.stds)})')


class IntensityCollector:
    """Statistics of images, one at a time."""

    def __init__(self) -> None:
        self._moments: list[tuple[float, float]] = []
        self._pooled = np.zeros(256)
        self._colour = False
        self._bits = 8

    def add(self, image: np.ndarray, valid: Optional[np.ndarray] = None,
            bits: int = 8) -> tuple[float, float]:
        """Add an image, and return its mean and standard deviation.

        Args:
            image: (H, W, 3) uint8, channels blue, green, red.
            valid: (H, W), pixels that count; None, or none of them: all.
            bits: Of a channel in its file.

        Raises:
            ValueError: If it is of another shape or type.
        """
        if valid is not None and not valid.any():
            valid = None
        histogram = grey_histogram(image, valid)
        moments = histogram_moments(histogram)
        self._moments.append(moments)
        self._pooled += histogram / histogram.sum()
        self._colour = self._colour or is_coloured(image)
        self._bits = max(self._bits, bits)
        return moments

    def statistics(self, total: Optional[int] = None) -> IntensityStatistics:
        """Return those of all images.

        Args:
            total: Number of images that these were drawn from.

        Raises:
            ValueError: If there is none.
        """
        if not self._moments:
            raise ValueError('There is no image to take intensities from')
        found = np.array(self._moments)  # (image, mean and deviation)
        spread = [(part.min(), part.max(), part.std()) for part in found.T]
        return IntensityStatistics(
            len(found), total or len(found),
            *found.mean(axis=0).round(DIGITS).tolist(),
            *(tuple(np.round(part, DIGITS).tolist()) for part in spread),
            tuple(np.round(histogram_quantiles(self._pooled, QUANTILES),
                           DIGITS).tolist()),
            self._colour, self._bits)


def is_coloured(image: np.ndarray) -> bool:
    """Tell whether the channels of an image differ by more than noise.

    Args:
        image: (H, W, 3) uint8.
    """
    blue, green, red = (channel.astype(np.int16)
                        for channel in cv2.split(image[::4, ::4].copy()))
    return bool(max(np.abs(blue - green).mean(), np.abs(red - green).mean())
                > COLOURED)


def _span(spread: tuple[float, float, float]) -> str:
    return f'{spread[0]:.0f} to {spread[1]:.0f}'
