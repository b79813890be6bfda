"""Crop at random, and often enough where something is."""
from abc import abstractmethod
from typing import Optional, Union

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

IGNORED = 255  # mmseg's label of pixels that have none


class AimedCrop(BaseTransform):
    """Crop at random, and with some probability around a drawn pixel.

    In place of mmseg's RandomCrop where most of its crops miss what is
    rare. With the probability a pixel is drawn, by the rule of a subclass,
    then one of the crops that hold it and lie within the image; the pixel
    can be anywhere in the crop. Otherwise, and in an image without such a
    pixel, it is any crop within the image.

    Required Keys:

    - img
    - gt_seg_map
    - seg_fields

    Modified Keys:

    - img
    - img_shape
    - gt_seg_map, and what else ``seg_fields`` names

    Args:
        crop_size: (height, width) in pixels, or one number for both.
        prob: Probability of aiming at a pixel, 0 to 1.
        name: Of that argument, for errors.

    Raises:
        ValueError: If an argument is out of its range, an image is smaller
            than ``crop_size``, or ``gt_seg_map`` is missing or of another
            size than the image.
    """

    def __init__(self,
                 crop_size: Union[int, tuple[int, int]],
                 prob: float,
                 name: str = 'prob') -> None:
        size = (crop_size, ) * 2 if isinstance(crop_size, int) else crop_size
        if len(size) != 2 or min(size) < 1:
            raise ValueError(f'crop_size={crop_size!r}: must be (height, '
                             'width) of 1 pixel or more each')
        if not 0 <= prob <= 1:
            raise ValueError(f'{name}={prob!r}: must be between 0 and 1')
        self.crop_size = tuple(size)
        self.prob = prob

    @abstractmethod
    def draw_pixel(self, label: np.ndarray) -> Optional[np.ndarray]:
        """Return (row, column) of the pixel to aim at, None for none."""

    @cache_randomness
    def _draw_corner(self, label: np.ndarray) -> tuple[int, int]:
        """Return row and column of the crop's first pixel."""
        first = np.zeros(2, int)
        last = np.subtract(label.shape, self.crop_size)
        if np.random.rand() < self.prob:
            pixel = self.draw_pixel(label)
            if pixel is not None:
                first = np.maximum(first, pixel - self.crop_size + 1)
                last = np.minimum(last, pixel)
        top, left = np.random.randint(first, last + 1)
        return top, left

    def transform(self, results: dict) -> dict:
        self._check(results)
        top, left = self._draw_corner(results['gt_seg_map'])
        height, width = self.crop_size
        for key in ('img', *results['seg_fields']):
            results[key] = results[key][top:top + height, left:left + width]
        results['img_shape'] = results['img'].shape[:2]
        return results

    def _check(self, results: dict) -> None:
        name = type(self).__name__
        path, label = results.get('img_path'), results.get('gt_seg_map')
        size = results['img'].shape[:2]
        if label is None or label.shape != size:
            found = 'missing' if label is None else f'{label.shape}'
            raise ValueError(
                f'{name} needs image and gt_seg_map of one size; of '
                f'{path} the image is {size}, gt_seg_map is {found}. In a '
                'training pipeline annotations are loaded before the image '
                'is resized or cropped.')
        if size[0] < self.crop_size[0] or size[1] < self.crop_size[1]:
            raise ValueError(
                f'{path} is {size} (height, width) when it comes to '
                f'{name}, smaller than crop_size={self.crop_size}. Before '
                'it, resize the image to that or more, or pad it: '
                f"dict(type='Pad', size={self.crop_size[::-1]}), (width, "
                'height); or choose a smaller crop_size.')


def random_pixel(marked: np.ndarray) -> np.ndarray:
    """Draw one of the pixels that are marked.

    Args:
        marked: (H, W) bool, at least one of them True.

    Returns:
        Row and column, (2,).
    """
    pixels = np.argwhere(marked)
    return pixels[np.random.randint(len(pixels))]
