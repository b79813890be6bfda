"""Crop at random, and often enough where a defect is."""
from collections.abc import Sequence
from typing import Optional, Union

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

IGNORED = 255  # mmseg's label of pixels that have none


@TRANSFORMS.register_module()
class DefectCrop(BaseTransform):
    """Crop at random, and with some probability around part of a defect.

    In place of mmseg's RandomCrop where defects are so small that most of
    its crops miss them. With probability ``defect_prob`` a defect is drawn,
    then a pixel of it, then one of the crops that hold this pixel and lie
    within the image; the pixel can be anywhere in the crop. Otherwise, and
    in an image without defects, it is any crop within the image, which may
    hold a defect by chance.

    A defect is a connected region, corners count. All of an image have the
    same chance: if pixels had, a spot of ten beside a scratch of a thousand
    would be drawn once in a hundred times.

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
        defect_prob: Probability of aiming at a defect, 0 to 1.
        class_ids: Ids of the classes that are defects. Pixels of different
            ones that touch are one region.

    Raises:
        ValueError: If an argument is out of its range, an image is smaller
            than ``crop_size``, or ``gt_seg_map`` is missing or of another
            size than the image.
    """

    def __init__(self,
                 crop_size: Union[int, tuple[int, int]],
                 defect_prob: float = 0.5,
                 class_ids: Sequence[int] = (1, )) -> None:
        size = (crop_size, ) * 2 if isinstance(crop_size, int) else crop_size
        if len(size) != 2 or min(size) < 1:
            raise ValueError(f'crop_size={crop_size!r}: must be (height, '
                             'width) of 1 pixel or more each')
        if not 0 <= defect_prob <= 1:
            raise ValueError(
                f'defect_prob={defect_prob!r}: must be between 0 and 1')
        if not len(class_ids) or IGNORED in class_ids:
            raise ValueError(f'class_ids={class_ids!r}: must be one class or '
                             f'more, and not {IGNORED}, which is ignored')
        self.crop_size = tuple(size)
        self.defect_prob = defect_prob
        self.class_ids = tuple(class_ids)

    @cache_randomness
    def _draw_corner(self, label: np.ndarray) -> tuple[int, int]:
        """Return row and column of the crop's first pixel."""
        first = np.zeros(2, int)
        last = np.subtract(label.shape, self.crop_size)
        if np.random.rand() < self.defect_prob:
            pixel = self._draw_pixel(label)
            if pixel is not None:
                first = np.maximum(first, pixel - self.crop_size + 1)
                last = np.minimum(last, pixel)
        top, left = np.random.randint(first, last + 1)
        return top, left

    def _draw_pixel(self, label: np.ndarray) -> Optional[np.ndarray]:
        """Return (row, column) of a defect's pixel; None without defects."""
        defects = np.isin(label, self.class_ids).astype(np.uint8)
        # 0 is what is no defect
        count, regions = cv2.connectedComponents(defects, connectivity=8)
        if count == 1:
            return None
        pixels = np.argwhere(regions == np.random.randint(1, count))
        return pixels[np.random.randint(len(pixels))]

    def transform(self, results: dict) -> dict:
        self._check(results)
        top, left = self._draw_corner(results['gt_seg_map'])
        height, width = self.crop_size
        for key in ('img', *results['seg_fields']):
            results[key] = results[key][top:top + height, left:left + width]
        results['img_shape'] = results['img'].shape[:2]
        return results

    def _check(self, results: dict) -> None:
        path, label = results.get('img_path'), results.get('gt_seg_map')
        size = results['img'].shape[:2]
        if label is None or label.shape != size:
            found = 'missing' if label is None else f'{label.shape}'
            raise ValueError(
                f'DefectCrop needs image and gt_seg_map of one size; of '
                f'{path} the image is {size}, gt_seg_map is {found}. In a '
                'training pipeline annotations are loaded before the image '
                'is resized or cropped.')
        if size[0] < self.crop_size[0] or size[1] < self.crop_size[1]:
            raise ValueError(
                f'{path} is {size} (height, width) when it comes to '
                f'DefectCrop, smaller than crop_size={self.crop_size}. Before '
                'it, resize the image to that or more, or pad it: '
                f"dict(type='Pad', size={self.crop_size[::-1]}), (width, "
                'height); or choose a smaller crop_size.')

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(crop_size={self.crop_size}, '
                f'defect_prob={self.defect_prob}, '
                f'class_ids={self.class_ids})')
