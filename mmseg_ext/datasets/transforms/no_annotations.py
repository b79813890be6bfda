"""A mask for images that have none."""
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from .aimed_crop import IGNORED


@TRANSFORMS.register_module()
class LoadNoAnnotations(BaseTransform):
    """Give an image a mask that says nothing: every pixel is ignored.

    In place of what loads annotations, so that the transforms behind it, and
    what makes a batch, need not know that there are none.

    Required Keys:

    - img

    Added Keys:

    - gt_seg_map (np.uint8, (H, W)): ``ignore_index`` everywhere

    Modified Keys:

    - seg_fields: names ``gt_seg_map``

    Args:
        ignore_index: Label of pixels that have none.
    """

    def __init__(self, ignore_index: int = IGNORED) -> None:
        self.ignore_index = ignore_index

    def transform(self, results: dict) -> dict:
        results['gt_seg_map'] = np.full(
            results['img'].shape[:2], self.ignore_index, np.uint8)
        results.setdefault('seg_fields', []).append('gt_seg_map')
        results.setdefault('reduce_zero_label', False)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(ignore_index={self.ignore_index})'
