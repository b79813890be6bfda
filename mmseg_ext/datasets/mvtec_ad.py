"""MVTec AD: industrial products and surfaces, with and without defects."""
import logging
import os.path as osp
from collections.abc import Sequence
from typing import Optional, Union

from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.basics.command_line import command_for
from mmseg_ext.basics.listing import check_links, name_some
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.splits import SPLITS, read_split

from .image_list import choose_listed
from .mvtec_layout import list_images, pooled_split

PROTOCOLS = ('pooled', 'official')
REPLACED = ('data_prefix', 'img_suffix', 'seg_map_suffix',
            'reduce_zero_label')


@DATASETS.register_module()
class MVTecADDataset(BaseSegDataset):
    """MVTec AD for *supervised* segmentation of defects.

    5354 images (4096 good, 1258 defective) of 15 categories, ten objects
    and five textures, square, 700 to 1024 pixels, grey or RGB. The layout
    is the published one::

        data_root
        |-- transistor
        |   |-- train/good/000.png
        |   |-- test/good/000.png
        |   |-- test/bent_lead/000.png
        |   |-- ground_truth/bent_lead/000_mask.png
        |-- ...

    Masks hold 0 and 255 (or 0 and 1); good images have none and are all
    background. Get it from MVTec, whose licence (CC BY-NC-SA 4.0) forbids
    commercial use; ``python tools/make_sample.py mvtec DIR`` writes a
    synthetic set.

    The data are made for models that see good images only in training.
    ``protocol='pooled'`` mixes their two parts and trains on defects as
    well; its numbers do not compare with those of one-class methods.

    Each sample carries ``category``, ``defect_type``, ``defective`` (bool)
    and ``output_name`` (the image's path without suffix, which no other
    image has); name them in ``PackSegInputs(meta_keys=...)`` for metrics and
    outputs to see.

    Args:
        data_root: Folder of the categories' folders.
        categories: 'all', the name of one, or a list of names.
        split: 'train', 'val' or 'test'.
        protocol: 'pooled': all images of a category, dealt out 6:2:2,
            stratified by category and good or defect type. 'official':
            MVTec's own folders, training on good images alone and no
            validation part.
        split_dir: Folder of ``train.txt``, ``val.txt`` and ``test.txt``,
            which tools/split_mvtec.py writes, in place of a protocol; so
            that a published result can be repeated on the same images.
        ann_file: Text file that lists the images to use, their path in
            ``data_root`` a line, with or without suffix, in place of all
            these: for the folds of a cross-validation.
        seed: Seed of the pooled split.
        metainfo: See mmseg's BaseSegDataset; two classes.
        **kwargs: See mmseg's BaseSegDataset.

    Raises:
        FileNotFoundError: If a category, an image that a split file names,
            or a mask is missing.
        ValueError: If a mask is without an image, or an argument is not
            allowed.

    Reference:
        Bergmann et al., The MVTec Anomaly Detection Dataset, IJCV 129,
        2021. The pooled protocol: section IV of the paper on DPT.
    """

    METAINFO = dict(
        classes=('background', 'anomaly'), palette=[[0, 0, 0], [255, 0, 0]])

    def __init__(self,
                 data_root: str,
                 categories: Union[str, Sequence[str]] = 'all',
                 split: str = 'train',
                 protocol: str = 'pooled',
                 split_dir: Optional[str] = None,
                 seed: int = 0,
                 metainfo: Optional[dict] = None,
                 **kwargs) -> None:
        check_choice('split', split, SPLITS)
        check_choice('protocol', protocol, PROTOCOLS)
        if protocol == 'official' and split == 'val' and split_dir is None:
            raise ValueError(
                "protocol='official' has no validation part: MVTec AD comes "
                "as train and test. Validate on split='test', or name a "
                'split of your own in split_dir.')
        taken = [name for name in REPLACED if name in kwargs]
        if taken:
            raise ValueError(f'{", ".join(taken)}: not used here, the layout '
                             'is MVTec\'s; choose images with categories, '
                             'protocol and split_dir.')
        if len((metainfo or self.METAINFO).get('classes', 'ab')) != 2:
            raise ValueError('metainfo must have two classes, background and '
                             f'anomaly; it has {metainfo["classes"]!r}')
        self.categories = categories
        self.split = split
        self.protocol = protocol
        self.split_dir = split_dir
        self.seed = seed
        super().__init__(
            data_root=data_root,
            metainfo=metainfo,
            data_prefix=dict(img_path=''),
            **kwargs)

    @classmethod
    def get_label_map(cls, new_classes=None) -> None:
        """Return None: other names of the two classes keep their ids."""
        return None

    def load_data_list(self) -> list[dict]:
        """List the split's images with their masks."""
        images = list_images(self.data_root, self.categories,
                             self.backend_args)
        if self.ann_file:
            stems = {osp.splitext(name)[0]: name for name in images}
            names = list(choose_listed(
                self.ann_file, stems, self.data_root,
                'Write it; without ann_file the split counts',
                self.backend_args).values())
        else:
            names = self._select(images)
        check_links(images[name][key] for name in names
                    for key in ('img_path', 'seg_map_path'))
        return [
            dict(
                images[name],
                output_name=osp.splitext(name)[0],
                defective=images[name]['seg_map_path'] is not None,
                label_map=None,
                reduce_zero_label=False,
                seg_fields=[]) for name in names
        ]

    def _select(self, images: dict[str, dict]) -> list[str]:
        """Return the names of the images that belong to the split."""
        if self.split_dir is not None:
            return self._read_split(images)
        if self.protocol == 'official':
            return [name for name in images
                    if name.split('/')[1] == self.split]
        return pooled_split(images, seed=self.seed)[self.split]

    def _read_split(self, images: dict[str, dict]) -> list[str]:
        categories = {image['category'] for image in images.values()}
        try:
            parts = read_split(self.split_dir, images)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{error}; {command_for("split_mvtec")} writes them.'
            ) from error
        file = osp.join(self.split_dir, f'{self.split}.txt')
        if self.split not in parts:
            raise FileNotFoundError(f'There is no {file}.')
        names = [name for name in parts[self.split]
                 if self.categories == 'all'
                 or name.split('/')[0] in categories]
        absent = [name for name in names if name not in images]
        if absent:
            raise FileNotFoundError(
                f'{file} names '
                + counted(len(absent), 'image that is', 'images that are')
                + f' not in {self.data_root}: {name_some(absent)}. '
                'Complete the data, or choose categories that are there.')
        without = categories - {name.split('/')[0] for name in names}
        if without:
            raise ValueError(f'{file} names no image of '
                             f'{", ".join(sorted(without))}.')
        unnamed = sorted(set(images).difference(*parts.values()))
        if unnamed:
            print_log(
                counted(len(unnamed), 'image is', 'images are')
                + f' in no file of {self.split_dir} and not used: '
                f'{name_some(unnamed)}',
                logger='current',
                level=logging.WARNING)
        return names
