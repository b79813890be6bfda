"""Blur as an augmentation."""
import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomGaussianBlur(BaseTransform):
    """Blur the image with a Gaussian of random width, at random.

    Imitates focus and stigmation, which differ between micrographs. The
    mask stays as it is.

    Required Keys:

    - img

    Args:
        prob: Probability of blurring an image, 0 to 1.
        sigma: Smallest and largest standard deviation, in pixels.

    Raises:
        ValueError: If an argument is out of its range.

    Reference:
        Byeon et al., 2025, section IV.1 names the augmentation; its
        parameters are not given there.
    """

    def __init__(self,
                 prob: float = 0.5,
                 sigma: tuple[float, float] = (0.1, 2.0)) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob={prob!r}: must be between 0 and 1')
        if len(sigma) != 2 or not 0 < sigma[0] <= sigma[1]:
            raise ValueError(f'sigma={sigma!r}: must be two positive numbers '
                             'in pixels, smallest first')
        self.prob = prob
        self.sigma = tuple(sigma)

    @cache_randomness
    def _draw_sigma(self) -> float:
        """Return the standard deviation in pixels; 0 means no blur."""
        if np.random.rand() >= self.prob:
            return 0.0
        return np.random.uniform(*self.sigma)

    def transform(self, results: dict) -> dict:
        sigma = self._draw_sigma()
        if sigma > 0:
            # (0, 0): OpenCV takes a kernel that is wide enough for sigma
            results['img'] = cv2.GaussianBlur(results['img'], (0, 0), sigma)
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(prob={self.prob}, '
                f'sigma={self.sigma})')
