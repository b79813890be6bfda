"""Stock loaders' results, by the reader that refuses damaged files."""
from typing import Optional

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from mmseg_ext.basics.command_line import command_for
from mmseg_ext.basics.image_files import read_image
from mmseg_ext.basics.mask_files import decode_mask


@TRANSFORMS.register_module()
class LoadCheckedImageFromFile(LoadImageFromFile):
    """Load an image as every tool of this package reads it.

    In place of LoadImageFromFile: of ordinary files of 8 bits the pixels are
    the same. Files that are damaged, hold several pages or channels that are
    no colours are refused, 16 bits are scaled and not cut off, and what a
    file says of its orientation and of white is obeyed in every format.

    Required Keys:

    - img_path
    - bit_depth (optional): significant bits of 16-bit images

    Added Keys:

    - img (np.uint8, (H, W, 3), blue, green, red)
    - img_shape, ori_shape: (H, W)

    Args:
        to_float32: Whether ``img`` is float32.
        color_type: 'color'; no other is read.
        ignore_empty: Whether a file that cannot be read makes the pipeline
            return None.
        backend_args: mmengine's file backend.
        bit_depth: Significant bits of 16-bit images, see
            :func:`~mmseg_ext.basics.image_files.to_8_bit`; a sample's own
            comes first.

    Raises:
        ValueError: If ``color_type`` is another, or the file is unreadable.
    """

    def __init__(self,
                 to_float32: bool = False,
                 color_type: str = 'color',
                 ignore_empty: bool = False,
                 *,
                 backend_args: Optional[dict] = None,
                 bit_depth: Optional[int] = None) -> None:
        if color_type != 'color':
            raise ValueError(f'color_type={color_type!r}: must be '
                             "'color'; LoadImageFromFile knows others")
        super().__init__(to_float32, color_type, ignore_empty=ignore_empty,
                         backend_args=backend_args)
        self.bit_depth = bit_depth

    def transform(self, results: dict) -> Optional[dict]:
        try:
            image = read_image(results['img_path'],
                               results.get('bit_depth') or self.bit_depth,
                               self.backend_args)
        except (OSError, ValueError):
            if self.ignore_empty:
                return None
            raise
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        results['img_shape'] = image.shape[:2]
        results['ori_shape'] = image.shape[:2]
        return results


@TRANSFORMS.register_module()
class LoadCheckedAnnotations(LoadAnnotations):
    """Load a mask of class ids as every tool of this package reads it.

    In place of LoadAnnotations: of ordinary files the labels are the same.
    Files that are damaged, hold several pages, colours, or values that do
    not fit into 8 bits are refused.

    Required Keys:

    - seg_map_path, reduce_zero_label, seg_fields
    - label_map (optional): id in the file -> id

    Added Keys:

    - gt_seg_map (np.uint8, (H, W))

    Args:
        reduce_zero_label: As LoadAnnotations'.
        backend_args: mmengine's file backend.

    Raises:
        ValueError: If the file is unreadable or no mask of class ids.
    """

    def __init__(self,
                 reduce_zero_label: Optional[bool] = None,
                 backend_args: Optional[dict] = None) -> None:
        super().__init__(reduce_zero_label, backend_args)

    def _load_seg_map(self, results: dict) -> None:
        labels = self._read(results['seg_map_path'])
        if self.reduce_zero_label is None:
            self.reduce_zero_label = results['reduce_zero_label']
        if self.reduce_zero_label != results['reduce_zero_label']:
            raise ValueError(
                f'reduce_zero_label={self.reduce_zero_label} of the pipeline '
                f'is not the data set\'s, {results["reduce_zero_label"]}')
        if self.reduce_zero_label:
            labels = np.where(labels == 0, 255, labels - 1)
            labels[labels == 254] = 255
        found = labels.copy()
        for old, new in (results.get('label_map') or {}).items():
            labels[found == old] = new
        results['gt_seg_map'] = labels
        results['seg_fields'].append('gt_seg_map')

    def _read(self, path: str) -> np.ndarray:
        """Return class ids, (H, W) uint8."""
        mask = decode_mask(path, backend_args=self.backend_args)
        if mask.ndim == 3:
            raise ValueError(f'{path} is a picture in colours; class ids are '
                             'expected. ' + _convert())
        if not (mask.min() >= 0 and mask.max() <= 255
                and (mask.dtype.kind in 'ui' or (mask % 1 == 0).all())):
            raise ValueError(
                f'{path} holds values from {mask.min()} to {mask.max()}; '
                'class ids from 0 to 255 are expected. ' + _convert())
        return mask.astype(np.uint8)


def _convert() -> str:
    return f'Convert it: {command_for("convert_masks")} SOURCE OUT'
