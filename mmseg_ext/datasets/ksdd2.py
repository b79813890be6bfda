"""KolektorSDD2: surfaces of an industrial product, segmented."""
import os.path as osp
from typing import Optional

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_ext.basics.listing import check_links

from .image_list import choose_listed
from .ksdd2_layout import check_part, label_images, list_images, use_masks

REPLACED = ('data_prefix', 'img_suffix', 'seg_map_suffix',
            'reduce_zero_label')


@DATASETS.register_module()
class KSDD2Dataset(BaseSegDataset):
    """KolektorSDD2 (KSDD2) for supervised segmentation of defects.

    3335 images of 356 defective and 2979 clean surfaces: 2331 (246 and
    2085) to train on and 1004 (110 and 894) to test on. RGB, 184 to 241
    pixels wide and 597 to 665 high, seldom two of one size. Scratches, spots
    and other imperfections of 23 to 43 869 pixels, mostly below 2 % of the
    image. The layout is the published one::

        data_root
        |-- train
        |   |-- 10000.png
        |   |-- 10000_GT.png
        |   |-- ...
        |-- test
            |-- 20000.png
            |-- 20000_GT.png
            |-- ...

    Masks hold 0 and 255 (or 0 and 1); clean images have masks, too, of 0
    alone. Names need not be numbers. Copies, '10301 (copy).png' and
    '10301_GT (copy).png' in the published files, are not used. Get the data
    from the Visual Cognitive Systems Lab in Ljubljana, whose licence (CC
    BY-NC-SA 4.0) forbids commercial use; ``python tools/make_sample.py
    ksdd2 DIR`` writes a synthetic set.

    There is no published validation part: a fraction of ``train`` is held out,
    stratified by defective and clean.

    Training can do with pseudo-labels. ``labels`` says which images are
    defective, and ``mask_dir`` holds masks for them from elsewhere, such as
    those of ``tools/label_images.py``; testing always takes the ground truth.

    Each sample carries ``defective`` (bool) and ``output_name`` (the image's
    path without suffix, 'test/20000'); name them in
    ``PackSegInputs(meta_keys=...)`` for metrics and outputs to see.

    Args:
        data_root: Folder of ``train`` and ``test``.
        split: 'train' or 'val', both from ``train``, or 'test'.
        val_ratio: Fraction of ``train`` that is held out for 'val'.
        ann_file: Text file that lists the images of ``train`` or, for
            split='test', of ``test`` to use, such as train/10000, in place
            of a hold-out: for the folds of a cross-validation.
        seed: Seed of the hold-out.
        labels: CSV file of the columns ``image`` and ``label``, see
            :func:`~mmseg_ext.datasets.ksdd2_layout.read_labels`; a clean
            image then needs no mask. Without it, and for a part that it
            names no image of, the masks in ``data_root`` tell, and where
            there are none, those in ``mask_dir``.
        mask_dir: Folder of masks, ``<name>_GT.png``, that take the place of
            those in ``train``, for training and validation. Defective
            images whose mask there is empty or missing are left out, with a
            warning.
        metainfo: See mmseg's BaseSegDataset; two classes.
        **kwargs: See mmseg's BaseSegDataset.

    Raises:
        FileNotFoundError: If images or masks are missing.
        ValueError: If a mask is without an image, masks and labels
            contradict each other, or an argument is not allowed.

    Reference:
        Bozic et al., Mixed supervision for surface-defect detection: from
        weakly to fully supervised learning, Computers in Industry 129, 2021.
    """

    METAINFO = dict(
        classes=('background', 'defect'), palette=[[0, 0, 0], [255, 0, 0]])

    def __init__(self,
                 data_root: str,
                 split: str = 'train',
                 val_ratio: float = 0.15,
                 seed: int = 0,
                 labels: Optional[str] = None,
                 mask_dir: Optional[str] = None,
                 metainfo: Optional[dict] = None,
                 **kwargs) -> None:
        check_part(split, val_ratio)
        taken = [name for name in REPLACED if name in kwargs]
        if taken:
            raise ValueError(f'{", ".join(taken)}: not used here, the layout '
                             'is KolektorSDD2\'s; choose images with split, '
                             'and masks with mask_dir.')
        if len((metainfo or self.METAINFO).get('classes', 'ab')) != 2:
            raise ValueError('metainfo must have two classes, background and '
                             f'defect; it has {metainfo["classes"]!r}')
        self.split = split
        self.val_ratio = val_ratio
        self.seed = seed
        self.labels = labels
        self.mask_dir = mask_dir if split != 'test' else None
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
        reading = dict(labels=self.labels, mask_dir=self.mask_dir,
                       backend_args=self.backend_args)
        if self.ann_file:
            part = 'test' if self.split == 'test' else 'train'
            images = choose_listed(
                self.ann_file, label_images(self.data_root, part, **reading),
                osp.join(self.data_root, part),
                'Write it; without ann_file the split counts',
                self.backend_args)
        else:
            images = list_images(self.data_root, self.split, self.val_ratio,
                                 self.seed, **reading)
        if self.labels is not None or self.mask_dir is not None:
            images = use_masks(images, self.mask_dir, self.backend_args)
        check_links(path for image in images.values()
                    for path in (image['img_path'], image['seg_map_path']))
        return [
            dict(
                image,
                label_map=None,
                reduce_zero_label=False,
                seg_fields=[]) for image in images.values()
        ]
