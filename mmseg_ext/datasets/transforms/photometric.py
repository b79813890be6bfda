"""Brightness, contrast and gamma as an augmentation."""
from typing import Optional

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomBrightnessContrastGamma(BaseTransform):
    """Change an image as another detector setting would, at random.

    Of grey levels x of 0 to 1, with their mean m over the image::

        y = clip(m + c (x - m) + b, 0, 1) ** g

    All channels change alike, so that grey stays grey; the mask stays as it
    is. In contrast to mmseg's PhotoMetricDistortion there is a gamma, the
    contrast is taken about the mean, so that it does not move the
    brightness, and images need not be of 8 bits. It belongs before padding,
    which it would change.

    Required Keys:

    - img: uint8, uint16 or float

    Modified Keys:

    - img

    Args:
        prob: Probability of changing an image, 0 to 1.
        brightness: Largest b, added or subtracted; a fraction of the full
            range. b is drawn evenly.
        contrast: Largest factor c; the smallest is its inverse. The
            logarithm is drawn evenly, as g's is.
        gamma: Largest exponent g; the smallest is its inverse.
        full_scale: Value that stands for 1. None: 65535 for uint16, and 255
            for others, floats as loaders give them included.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 prob: float = 0.5,
                 brightness: float = 0.1,
                 contrast: float = 1.25,
                 gamma: float = 1.25,
                 full_scale: Optional[float] = None) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob={prob!r}: must be between 0 and 1')
        if not 0 <= brightness <= 1:
            raise ValueError(f'brightness={brightness!r}: must be between 0 '
                             'and 1, a fraction of the full range')
        for name, value in (('contrast', contrast), ('gamma', gamma)):
            if not 1 <= value < np.inf:
                raise ValueError(f'{name}={value!r}: must be a factor of 1 '
                                 '(no change) or more')
        if full_scale is not None and not full_scale > 0:
            raise ValueError(f'full_scale={full_scale!r}: must be above 0')
        self.prob = prob
        self.brightness = brightness
        self.contrast = contrast
        self.gamma = gamma
        self.full_scale = full_scale

    @cache_randomness
    def _draw(self) -> Optional[tuple[float, float, float]]:
        """Return b, c and g; None for no change."""
        if np.random.rand() >= self.prob:
            return None
        b, c, g = np.random.uniform(-1, 1, 3)
        return self.brightness * b, self.contrast**c, self.gamma**g

    def transform(self, results: dict) -> dict:
        drawn = self._draw()
        if drawn is not None:
            results['img'] = self._change(results['img'], *drawn)
        return results

    def _change(self, image: np.ndarray, b: float, c: float,
                g: float) -> np.ndarray:
        full = self.full_scale or (65535 if image.dtype == np.uint16 else 255)
        mean = image.mean(dtype=np.float64) / full

        def change(values: np.ndarray) -> np.ndarray:
            values = np.clip(mean + c * (values / full - mean) + b, 0, 1)**g
            return values * full

        if image.dtype == np.uint8:  # 256 values, not millions
            table = np.minimum(np.rint(change(np.arange(256.0))), 255)
            return cv2.LUT(image, table.astype(np.uint8))
        changed = change(image)
        if image.dtype.kind in 'ui':
            changed = np.rint(changed)
        return changed.astype(image.dtype)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(prob={self.prob}, '
                f'brightness={self.brightness}, contrast={self.contrast}, '
                f'gamma={self.gamma}, full_scale={self.full_scale})')
