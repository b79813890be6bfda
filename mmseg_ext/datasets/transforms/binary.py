"""Load masks of one foreground class, or none where there is nothing."""
import numpy as np
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from mmseg_ext.basics.mask_files import read_binary_mask


@TRANSFORMS.register_module()
class LoadBinaryAnnotations(LoadAnnotations):
    """Load a mask of 0/255 or 0/1; without a file all is background.

    Sets of images of defects give masks to the defective ones only.

    Required Keys:

    - seg_map_path: Mask file, or None for an image of background alone.
    - img_path, ori_shape, seg_fields

    Added Keys:

    - gt_seg_map (np.uint8, (H, W)): 0 background, 1 foreground

    Raises:
        ValueError: If the file is unreadable, its size is not the image's,
            or it holds other values than 0 and one of 1 and 255.
    """

    def _load_seg_map(self, results: dict) -> None:
        path, shape = results['seg_map_path'], tuple(results['ori_shape'])
        mask = np.zeros(shape, np.uint8) if path is None else (
            read_binary_mask(path, self.backend_args))
        if mask.shape != shape:
            raise ValueError(
                f'{results["img_path"]} is {shape[1]} x {shape[0]} pixels '
                f'(width x height), but its mask {path} is {mask.shape[1]} x '
                f'{mask.shape[0]}. Replace one of the two files.')
        results['gt_seg_map'] = mask
        results['seg_fields'].append('gt_seg_map')
