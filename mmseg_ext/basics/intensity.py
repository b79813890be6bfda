"""Brightness and contrast of an image, and maps that change them."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import cv2
import numpy as np

from .arguments import check_choice

INTENSITY, HISTOGRAM = METHODS = ('intensity', 'histogram')
MATCH = 'MatchIntensity'  # the transform that does it in a pipeline
LEVELS = np.arange(256.0)
LEAST_STD = 1e-6  # grey levels; below, all pixels are the same


def grey_histogram(image: np.ndarray,
                   valid: Optional[np.ndarray] = None) -> np.ndarray:
    """Return how many pixels have each grey level.

    Args:
        image: (H, W, 3) uint8, channels blue, green, red; or (H, W).
        valid: (H, W), the pixels that count; None: all.

    Returns:
        (256, ) float64.

    Raises:
        ValueError: If the image is of another shape or type.
    """
    if image.dtype != np.uint8 or not image.size or not (
            image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise ValueError(f'The image is {image.shape} {image.dtype}; '
                         '(H, W, 3) uint8 is expected')
    if image.ndim == 3:
        image = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY)
    mask = None if valid is None else valid.astype(np.uint8)
    # (256, 1) or (256, ), as OpenCV's version is
    return cv2.calcHist([np.ascontiguousarray(image)], [0], mask, [256],
                        [0, 256]).ravel().astype(np.float64)


def histogram_moments(histogram: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation, in grey levels.

    Args:
        histogram: (256, ), any but all zeros.
    """
    weights = histogram / histogram.sum()
    mean = float(weights @ LEVELS)
    return mean, float(np.sqrt(weights @ (LEVELS - mean)**2))


def affine_table(before: tuple[float, float],
                 after: tuple[float, float]) -> np.ndarray:
    """Return what each level becomes, so that mean and deviation are others.

    Args:
        before: Mean and standard deviation, the latter above 0.
        after: The same as they shall be, but for what is cut off at 0 and
            255.

    Returns:
        (256, ) uint8.
    """
    changed = (LEVELS - before[0]) * (after[1] / before[1]) + after[0]
    return np.rint(np.clip(changed, 0, 255)).astype(np.uint8)


def quantile_table(histogram: np.ndarray,
                   quantiles: Sequence[float]) -> np.ndarray:
    """Return what each level becomes, so that the histogram is another.

    Args:
        histogram: (256, ) of the image.
        quantiles: Levels of the other at evenly spaced fractions of its
            pixels, from 0 to 1.

    Returns:
        (256, ) uint8, nowhere falling.
    """
    fractions = np.linspace(0, 1, len(quantiles))
    changed = np.interp(_ranks(histogram), fractions, quantiles)
    return np.rint(np.clip(changed, 0, 255)).astype(np.uint8)


def histogram_quantiles(histogram: np.ndarray,
                        number: int) -> list[float]:
    """Return the levels at so many evenly spaced fractions of the pixels."""
    there = histogram > 0
    return np.interp(np.linspace(0, 1, number), _ranks(histogram)[there],
                     LEVELS[there]).tolist()


def _ranks(histogram: np.ndarray) -> np.ndarray:
    """Return the fraction of pixels below each level and half of its own."""
    weights = histogram / histogram.sum()
    return weights.cumsum() - weights / 2


@dataclass(frozen=True)
class IntensityMatch:
    """A map of grey levels that gives an image the intensities of others.

    It depends on the whole image, is the same for all of its pixels and,
    unless means are given for each channel, for all channels, so that
    colours do not shift.

    Attributes:
        method: 'intensity': move mean and standard deviation, by a factor
            and a summand, to ``mean`` and ``std``; 'histogram': to
            ``quantiles``.
        mean: Of 'intensity', in grey levels of 0 to 255: the mean; or the
            lowest and the highest, into which it is moved by as little as
            possible; or three of either, for blue, green and red.
        std: The same of the standard deviation; above 0.
        quantiles: Of 'histogram': 2 to 256 levels that do not fall, at
            evenly spaced fractions of the pixels from 0 to 1.

    Raises:
        ValueError: If an argument is missing, not of the method, or out of
            its range.
    """
    method: str = INTENSITY
    mean: float | tuple | None = None
    std: float | tuple | None = None
    quantiles: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_choice('method', self.method, METHODS)
        for name in ('mean', 'std', 'quantiles'):
            value = getattr(self, name)
            if isinstance(value, (list, tuple)):
                object.__setattr__(self, name, _frozen(value))
            wanted = (name == 'quantiles') == (self.method == HISTOGRAM)
            if (value is not None) != wanted:
                raise ValueError(
                    f'{name}={value!r}: method={self.method!r} takes '
                    + ('quantiles' if self.method == HISTOGRAM else
                       'mean and std'))
        if self.method == HISTOGRAM:
            self._check_quantiles()
        else:
            self._check_moments()

    def _check_quantiles(self) -> None:
        found = self.quantiles
        if not (isinstance(found, tuple) and 2 <= len(found) <= 256
                and all(_is_level(value) for value in found)
                and list(found) == sorted(found)):
            raise ValueError('quantiles must be 2 to 256 levels of 0 to 255 '
                             'that do not fall')

    def _check_moments(self) -> None:
        means, stds = _spans(self.mean), _spans(self.std)
        if len(means) != len(stds) or not all(
                len(span) == 2 and all(map(_is_level, span))
                and span[0] <= span[1] for span in (*means, *stds)
                ) or min(high for _, high in stds) <= 0:
            raise ValueError(
                f'mean={self.mean!r}, std={self.std!r}: must be a level of 0 '
                'to 255 and one above 0; or the lowest and the highest of '
                'each; or three of either, for blue, green and red')

    def __call__(self, image: np.ndarray, path: str = 'The image'
                 ) -> np.ndarray:
        """Return the image with other intensities.

        Args:
            image: (H, W, 3) uint8, channels blue, green, red.
            path: Its file, for errors.

        Raises:
            ValueError: If all of its pixels have one grey level, or it is of
                another shape or type.
        """
        return cv2.LUT(image, self.table(image, path))

    def table(self, image: np.ndarray, path: str = 'The image'
              ) -> np.ndarray:
        """Return what each level becomes, (256, ) or (256, 1, 3) uint8."""
        spans = [None] if self.quantiles else [
            *zip(_spans(self.mean), _spans(self.std))]
        parts = [image] if len(spans) == 1 else cv2.split(image)
        tables = []
        for part, limits in zip(parts, spans):
            histogram = grey_histogram(part)
            before = histogram_moments(histogram)
            if before[1] < LEAST_STD:
                raise ValueError(
                    f'{path} is one grey, {before[0]:.0f}: it has no contrast '
                    'that could be matched to that of other images')
            tables.append(
                quantile_table(histogram, self.quantiles)
                if limits is None else affine_table(before, tuple(
                    min(max(value, low), high)
                    for value, (low, high) in zip(before, limits))))
        return tables[0] if len(tables) == 1 else np.stack(
            tables, axis=-1)[:, None]

    def arguments(self) -> dict[str, Any]:
        """Return what makes the same map, as JSON and configs hold it."""
        found = {name: getattr(self, name)
                 for name in ('method', 'mean', 'std', 'quantiles')}
        return {name: _thawed(value) for name, value in found.items()
                if value is not None}


def _spans(value: float | tuple) -> tuple[tuple, ...]:
    """Return the lowest and the highest, once or for each channel."""
    channels = value if isinstance(value, tuple) and len(value) == 3 else (
        value, )
    return tuple(each if isinstance(each, tuple) else (each, each)
                 for each in channels)


def _frozen(value: Any) -> Any:
    return (tuple(map(_frozen, value)) if isinstance(value, (list, tuple))
            else value)


def _thawed(value: Any) -> Any:
    return list(map(_thawed, value)) if isinstance(value, tuple) else value


def _is_level(value: Any) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and 0 <= value <= 255)
