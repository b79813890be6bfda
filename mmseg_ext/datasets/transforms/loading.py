"""Load what SEMDataset lists: a micrograph and its mask."""
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from mmseg_ext.basics.sem_files import load_image, load_mask


@TRANSFORMS.register_module()
class LoadSEMImageFromFile(LoadImageFromFile):
    """Load a micrograph: 8 or 16 bits, grey or colour, band cropped.

    Required Keys:

    - img_path
    - seg_map_path (optional: without it, sizes are not compared)
    - info_band, bit_depth (optional, see SEMDataset)

    Added Keys:

    - img (np.uint8, (H, W, 3), blue, green, red)
    - img_shape, ori_shape: (H, W) without the information band

    Raises:
        ValueError: If the file is unreadable, or the mask's size differs.
    """

    def transform(self, results: dict) -> dict:
        image = load_image(results, self.backend_args)
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        results['img_shape'] = image.shape[:2]
        results['ori_shape'] = image.shape[:2]
        return results


@TRANSFORMS.register_module()
class LoadSEMAnnotations(LoadAnnotations):
    """Load a mask of class ids or class colours, and check every value.

    An image without ``seg_map_path`` (prediction) passes through.

    Required Keys:

    - seg_map_path, seg_fields
    - classes, palette, label_map, ignore_index, ignore_colors: SEMDataset
      adds them to each sample

    Added Keys:

    - gt_seg_map (np.uint8, (H, W)): class ids, or ``ignore_index``

    Raises:
        ValueError: If the file is unreadable, or a value is no class.
    """

    def _load_seg_map(self, results: dict) -> None:
        if results.get('seg_map_path') is None:
            return
        results['gt_seg_map'] = load_mask(results, self.backend_args)
        results['seg_fields'].append('gt_seg_map')
