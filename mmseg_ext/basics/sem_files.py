"""How the files of a set of micrographs are read, without any framework."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional, Union

import numpy as np

from .colours import MASK_COLOURS
from .image_files import read_image, read_size
from .mask_files import decode_mask, to_class_ids


@dataclass(frozen=True)
class SEMReading:
    """What images and masks mean; the arguments are those of SEMDataset.

    Attributes:
        classes: Names of the classes, in the order of their ids.
        palette: Colour of each, (red, green, blue), 0 to 255; the first of
            :data:`~.colours.MASK_COLOURS` if None.
        info_band: None, 'mask' or a number of rows.
        bit_depth: Significant bits of 16-bit images; None: all of them.
        label_map: Value in the mask files -> class id; None: they are ids.
        ignore_colors: Colours in colour masks that mean no label.
        ignore_index: Class id of pixels without a label.

    Raises:
        ValueError: If one of them is not allowed.
    """
    classes: Sequence[str]
    palette: Optional[Sequence[Sequence[int]]] = None
    info_band: Union[str, int, None] = None
    bit_depth: Optional[int] = None
    label_map: Optional[Mapping[int, int]] = None
    ignore_colors: Sequence[Sequence[int]] = ()
    ignore_index: int = 255

    def __post_init__(self) -> None:
        band, depth = self.info_band, self.bit_depth
        if band not in (None, 'mask') and not (
                type(band) is int and band >= 0):
            raise ValueError(f"info_band={band!r}: must be None, 'mask' or a "
                             'number of rows')
        if depth is not None and not 8 <= depth <= 16:
            raise ValueError(f'bit_depth={depth!r}: must be None or between '
                             '8 and 16')
        if self.palette is None:
            if len(self.classes) > len(MASK_COLOURS):
                raise ValueError(
                    f'metainfo has {len(self.classes)} classes and no '
                    f'palette; beyond {len(MASK_COLOURS)} classes the colours '
                    'must be given.')
            object.__setattr__(self, 'palette',
                               MASK_COLOURS[:len(self.classes)])
        if len(self.palette) != len(self.classes):
            raise ValueError(f'metainfo has {len(self.classes)} classes and '
                             f'{len(self.palette)} colours in its palette: '
                             'each class needs one.')
        ids = {*range(len(self.classes)), self.ignore_index}
        foreign = sorted(set((self.label_map or {}).values()) - ids)
        if foreign:
            raise ValueError(
                f'label_map={dict(self.label_map)!r}: {foreign} are no class '
                f'ids; the classes are 0 to {len(self.classes) - 1}, and '
                f'{self.ignore_index} is ignored.')

    def sample(self, image: str, mask: Optional[str]) -> dict:
        """Return what a pipeline is handed for a pair of files."""
        return dict(
            img_path=image,
            **(dict(seg_map_path=mask) if mask else {}),
            info_band=self.info_band,
            bit_depth=self.bit_depth,
            classes=self.classes,
            palette=self.palette,
            label_map=self.label_map,
            ignore_index=self.ignore_index,
            ignore_colors=self.ignore_colors,
            reduce_zero_label=False,
            seg_fields=[])


def load_image(sample: Mapping,
               backend_args: Optional[dict] = None) -> np.ndarray:
    """Read the image of a sample and cut the information band off.

    Args:
        sample: See :meth:`SEMReading.sample`; without ``seg_map_path``
            sizes are not compared.
        backend_args: mmengine's file backend.

    Returns:
        (H, W, 3) uint8, channels blue, green, red.

    Raises:
        OSError: If a file cannot be opened.
        ValueError: If a file is unreadable, or the mask's size differs.
    """
    image = read_image(sample['img_path'], sample.get('bit_depth'),
                       backend_args)
    return _crop_information_band(image, sample, backend_args)


def load_mask(sample: Mapping,
              backend_args: Optional[dict] = None) -> np.ndarray:
    """Read the mask of a sample, see :func:`~.mask_files.read_mask`."""
    return load_painted(sample, backend_args)[0]


def load_painted(sample: Mapping, backend_args: Optional[dict] = None
                 ) -> tuple[np.ndarray, bool]:
    """Return the mask of a sample, and whether its file is in colours."""
    path = sample['seg_map_path']
    values = decode_mask(path, sample['palette'], backend_args)
    return to_class_ids(
        values, path, sample['classes'], sample['palette'],
        label_map=sample['label_map'],
        ignore_index=sample['ignore_index'],
        ignore_colors=sample['ignore_colors']), values.ndim == 3


def _crop_information_band(image: np.ndarray, sample: Mapping,
                           backend_args: Optional[dict]) -> np.ndarray:
    """Cut the information band off, and compare with the mask's size."""
    path, mask_path = sample['img_path'], sample.get('seg_map_path')
    band = sample.get('info_band')
    if isinstance(band, int):
        if not 0 <= band < image.shape[0]:
            raise ValueError(f'{path} is {image.shape[0]} rows high: '
                             f'info_band={band} leaves nothing of it.')
        image = image[:image.shape[0] - band]
    if mask_path is None:
        return image
    height, width = read_size(mask_path, backend_args)
    shorter = width == image.shape[1] and height < image.shape[0]
    if shorter and band == 'mask':
        return image[:height]
    if (height, width) != image.shape[:2]:
        advice = ("If the missing rows are the microscope's information "
                  "band, set info_band='mask' in the dataset's config, or "
                  'add --dataset-options info_band=mask.'
                  if shorter else 'Replace one of the two files.')
        raise ValueError(
            f'{path} is {image.shape[1]} x {image.shape[0]} pixels (width x '
            f'height), but its mask {mask_path} is {width} x {height}. '
            f'{advice}')
    return image
