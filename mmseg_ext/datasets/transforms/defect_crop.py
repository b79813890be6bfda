"""Crop at random, and often enough where a defect is."""
from collections.abc import Sequence
from typing import Optional, Union

import cv2
import numpy as np
from mmseg.registry import TRANSFORMS

from .aimed_crop import IGNORED, AimedCrop, random_pixel


@TRANSFORMS.register_module()
class DefectCrop(AimedCrop):
    """Crop at random, and with some probability around part of a defect.

    An :class:`AimedCrop` for defects so small that most random crops miss
    them. A defect is drawn, then a pixel of it.

    A defect is a connected region, corners count. All of an image have the
    same chance: if pixels had, a spot of ten beside a scratch of a thousand
    would be drawn once in a hundred times.

    Args:
        crop_size: (height, width) in pixels, or one number for both.
        defect_prob: Probability of aiming at a defect, 0 to 1.
        class_ids: Ids of the classes that are defects. Pixels of different
            ones that touch are one region.

    Raises:
        ValueError: See AimedCrop.
    """

    def __init__(self,
                 crop_size: Union[int, tuple[int, int]],
                 defect_prob: float = 0.5,
                 class_ids: Sequence[int] = (1, )) -> None:
        super().__init__(crop_size, defect_prob, 'defect_prob')
        if not len(class_ids) or IGNORED in class_ids:
            raise ValueError(f'class_ids={class_ids!r}: must be one class or '
                             f'more, and not {IGNORED}, which is ignored')
        self.class_ids = tuple(class_ids)

    @property
    def defect_prob(self) -> float:
        """Probability of aiming at a defect."""
        return self.prob

    def draw_pixel(self, label: np.ndarray) -> Optional[np.ndarray]:
        defects = np.isin(label, self.class_ids).astype(np.uint8)
        # 0 is what is no defect
        count, regions = cv2.connectedComponents(defects, connectivity=8)
        if count == 1:
            return None
        return random_pixel(regions == np.random.randint(1, count))

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(crop_size={self.crop_size}, '
                f'defect_prob={self.defect_prob}, class_ids={self.class_ids})')
