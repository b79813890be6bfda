"""Scanning electron micrographs with a mask for each."""
import logging
from collections.abc import Mapping, Sequence
from typing import Optional, Union

from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.basics.colours import MASK_COLOURS
from mmseg_ext.basics.command_line import command_for, quote_command
from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import (
    check_links,
    describe_capitals,
    list_files,
    name_some,
)
from mmseg_ext.basics.mask_files import MASK_SUFFIXES
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.sem_files import SEMReading

from .absent_part import find_absent, settle
from .image_list import choose_listed
from .published import PUBLISHED


@DATASETS.register_module()
class SEMDataset(BaseSegDataset):
    """Micrographs of metal and their phases.

    The paper's data (147 training and 96 test images of additively
    manufactured stainless steel, 1280 x 960, phases A, B and C) are not
    public. Any folder of this layout will do::

        data_root
        |-- images
        |   |-- train
        |   |   |-- any/name.tif
        |   |-- val
        |-- masks
            |-- train
            |   |-- any/name.png
            |-- val

    * Images: PNG, JPEG, BMP or TIFF, 8 or 16 bits, grey or colour.
    * Masks: PNG, BMP or TIFF of the same name, holding class ids (0, 1, 2;
      255: no label) or the classes' colours (red, blue, green).
    * Sizes may differ from image to image.

    ``python tools/make_sample.py sem DIR`` writes a synthetic set.

    Args:
        ann_file: Text file that lists the images to use, a name a line,
            with or without suffix; all images of the folder if empty.
        metainfo: ``classes`` and ``palette`` of other data, in the order of
            the ids. Without a palette, up to eight classes take the first
            of :data:`~mmseg_ext.basics.colours.MASK_COLOURS`.
        data_root: Folder that the other paths start from.
        data_prefix: ``img_path`` and ``seg_map_path`` of the split; without
            ``seg_map_path`` the images have no masks (prediction).
        info_band: What to do about the microscope's information band, the
            strip of text under the picture. None: nothing, and a mask of
            another height is an error. 'mask': where a mask is shorter than
            its image, crop the image to it. An integer: cut so many rows
            off every image, in pixels.
        bit_depth: Significant bits of 16-bit images, see
            :func:`~mmseg_ext.basics.image_files.to_8_bit`.
        label_map: Value in the mask files -> class id, for masks with
            values such as 0, 128 and 255. None: the values are class ids.
        ignore_colors: Colours (red, green, blue) in colour masks that mean
            no label.
        if_absent: Arguments among ``ann_file`` and ``data_prefix`` that
            take the place of those where a folder or list that they name
            does not exist: the validation's, for a test part that not every
            set has. Which it is stands in ``absent``.
        published: Name of a published set that this is, among
            :data:`~mmseg_ext.datasets.published.PUBLISHED`: whoever lacks
            its files is told where they come from.
        **kwargs: See mmseg's BaseSegDataset.

    Raises:
        FileNotFoundError: If there are no images, or masks are missing, or
            are links to nothing.
        ValueError: If names are ambiguous or an argument is not allowed.

    Reference:
        Byeon et al., Development for a Semantic Segmentation Model for
        Metal SEM Images Based on Multi-scale Cross-attention and SegFormer,
        2025, sections II.2 and IV.1.
    """

    METAINFO = dict(classes=('A', 'B', 'C'), palette=MASK_COLOURS[:3])

    def __init__(self,
                 ann_file: str = '',
                 metainfo: Optional[dict] = None,
                 data_root: Optional[str] = None,
                 data_prefix: dict = dict(
                     img_path='images/train', seg_map_path='masks/train'),
                 info_band: Union[str, int, None] = None,
                 bit_depth: Optional[int] = None,
                 label_map: Optional[Mapping[int, int]] = None,
                 ignore_colors: Sequence[Sequence[int]] = (),
                 if_absent: Optional[Mapping] = None,
                 published: Optional[str] = None,
                 **kwargs) -> None:
        if kwargs.get('reduce_zero_label'):
            raise ValueError(
                'reduce_zero_label=True: say what each value means instead, '
                'label_map={0: 255, 1: 0, 2: 1, ...}')
        check_choice('published', published, (None, *PUBLISHED))
        self.published = published
        self.absent = None
        if if_absent is not None:
            _check_names(if_absent)
            wanted = dict(ann_file=ann_file, data_root=data_root,
                          data_prefix=data_prefix, **kwargs)
            self.absent = find_absent(wanted)
            settled = settle(dict(wanted, if_absent=if_absent))
            ann_file, data_prefix = settled['ann_file'], settled['data_prefix']
        metainfo = dict(metainfo or {})
        known = metainfo if 'classes' in metainfo else self.METAINFO
        # checks them, and knows colours where none are given
        reading = SEMReading(known['classes'], known.get('palette'),
                             info_band, bit_depth, label_map, ignore_colors)
        if known is metainfo:
            metainfo['palette'] = reading.palette
        self.info_band = info_band
        self.bit_depth = bit_depth
        self.mask_values = label_map
        self.ignore_colors = ignore_colors
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=data_prefix,
            **kwargs)

    @property
    def reading(self) -> SEMReading:
        """How the files are read."""
        return SEMReading(self._metainfo['classes'],
                          self._metainfo['palette'], self.info_band,
                          self.bit_depth, self.mask_values,
                          self.ignore_colors, self.ignore_index)

    @classmethod
    def get_label_map(cls, new_classes=None) -> None:
        """Return None: ``classes`` name the ids in the files, in order.

        Stock MMSegmentation takes other classes for a subset of its own and
        silently ignores the remaining ones.
        """
        return None

    def load_data_list(self) -> list[dict]:
        """Pair every image with its mask."""
        image_dir = self.data_prefix['img_path']
        images = list_files(image_dir, IMAGE_SUFFIXES, self.backend_args)
        if images and self.ann_file:
            images = choose_listed(
                self.ann_file, images, image_dir,
                self.how_to_get() or 'Write it; without ann_file all images '
                f'in {image_dir} are used', self.backend_args)
        if not images:
            raise FileNotFoundError(self._no_images(image_dir))
        masks = self._find_masks(images)
        check_links([*images.values(),
                     *(masks[stem] for stem in images if stem in masks)])
        reading = self.reading
        return [reading.sample(path, masks.get(stem))
                for stem, path in images.items()]

    def _find_masks(self, images: dict[str, str]) -> dict[str, str]:
        mask_dir = self.data_prefix.get('seg_map_path')
        if mask_dir is None:
            return {}
        masks = list_files(mask_dir, MASK_SUFFIXES, self.backend_args)
        missing = [path for stem, path in images.items() if stem not in masks]
        if missing:
            near = describe_capitals(set(images) - set(masks),
                                     set(masks) - set(images))
            raise FileNotFoundError(
                f'{len(missing)} of {len(images)} images have no mask in '
                f'{mask_dir}: {name_some(missing)}. A mask has its image\'s '
                f'name and one of the suffixes {", ".join(MASK_SUFFIXES)}. '
                f'{near}Add the masks, move unlabelled images elsewhere, or '
                'list the images to use in ann_file.')
        surplus = [] if self.ann_file else sorted(set(masks) - set(images))
        if surplus:
            print_log(
                f'{mask_dir} holds {counted(len(surplus), "mask")} without an '
                f'image, not used: {name_some(surplus)}',
                logger='current',
                level=logging.WARNING)
        return masks

    def _no_images(self, image_dir: str) -> str:
        masks = self.data_prefix.get('seg_map_path', 'masks/...')
        return (f'No images in {image_dir}. Expected are '
                f'{", ".join(IMAGE_SUFFIXES)} files there and masks of the '
                f'same names in {masks}. '
                + (self.how_to_get() or 'Name your own folder with '
                   '--data-root DIR (or data_root in the config), or write a '
                   f'synthetic set: {command_for("make_sample")} '
                   + quote_command(['sem', self.data_root or 'DIR'])))

    def how_to_get(self) -> str:
        """Say where a published set comes from, nothing of others."""
        if self.published is None:
            return ''
        return PUBLISHED[self.published].how_to_get(
            self.data_root or 'the data root')


def _check_names(if_absent: Mapping) -> None:
    others = sorted({*if_absent} - {'ann_file', 'data_prefix'})
    if others:
        raise ValueError(f'if_absent has {", ".join(others)}: only ann_file '
                         'and data_prefix can be replaced')
