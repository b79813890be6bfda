"""Load what SEMDataset lists: a micrograph and its mask."""
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from mmseg_ext.basics.image_files import read_image, read_size
from mmseg_ext.basics.mask_files import read_mask


def _crop_information_band(image: np.ndarray, results: dict) -> np.ndarray:
    """Cut the information band off, and compare with the mask's size."""
    path, mask_path = results['img_path'], results.get('seg_map_path')
    band = results.get('info_band')
    if isinstance(band, int):
        if not 0 <= band < image.shape[0]:
            raise ValueError(f'{path} is {image.shape[0]} rows high: '
                             f'info_band={band} leaves nothing of it.')
        image = image[:image.shape[0] - band]
    if mask_path is None:
        return image
    height, width = read_size(mask_path)
    shorter = width == image.shape[1] and height < image.shape[0]
    if shorter and band == 'mask':
        return image[:height]
    if (height, width) != image.shape[:2]:
        fix = ("If the missing rows are the microscope's information band, "
               "set info_band='mask' in the dataset's config."
               if shorter else 'Replace one of the two files.')
        raise ValueError(
            f'{path} is {image.shape[1]} x {image.shape[0]} pixels (width x '
            f'height), but its mask {mask_path} is {width} x {height}. {fix}')
    return image


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
        image = read_image(results['img_path'], results.get('bit_depth'),
                           self.backend_args)
        image = _crop_information_band(image, results)
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
        results['gt_seg_map'] = read_mask(
            results['seg_map_path'],
            results['classes'],
            results['palette'],
            label_map=results['label_map'],
            ignore_index=results['ignore_index'],
            ignore_colors=results['ignore_colors'],
            backend_args=self.backend_args)
        results['seg_fields'].append('gt_seg_map')
