"""KolektorSDD2: surfaces of an industrial product, defective or clean."""
from typing import Optional

from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS

from mmseg_ext.basics.listing import check_links

from .ksdd2_layout import CLASSES, check_part, list_images


@DATASETS.register_module()
class KSDD2ClassificationDataset(BaseDataset):
    """KolektorSDD2 (KSDD2) for classifiers: is an image defective?

    For mmpretrain's classifiers; the data and their layout are those of
    :class:`~mmseg_ext.datasets.KSDD2Dataset`, and so is the hold-out: the
    same ``val_ratio`` and ``seed`` give both the same images. A mask is
    looked at for nothing but whether it marks a pixel, and with ``labels``
    not at all: images need no masks then.

    Each sample carries ``gt_label`` (0 clean, 1 defective), ``defective``
    (bool) and ``output_name``.

    Args:
        data_root: Folder of ``train`` and ``test``.
        split: 'train' or 'val', both from ``train``, or 'test'.
        val_ratio: Fraction of ``train`` that is held out for 'val'.
        seed: Seed of the hold-out.
        labels: CSV file of the columns ``image`` and ``label``, such as
            ``train/10000.png,1``. Without it, and for a part that it names
            no image of, the masks tell.
        metainfo: See mmengine's BaseDataset; two classes.
        backend_args: mmengine's file backend.
        **kwargs: See mmengine's BaseDataset.

    Raises:
        FileNotFoundError: If images are missing, or masks without
            ``labels``.
        ValueError: If the CSV file does not fit the images, a mask is
            without an image, or an argument is not allowed.

    Reference:
        See :class:`~mmseg_ext.datasets.KSDD2Dataset`.
    """

    METAINFO = dict(classes=CLASSES)

    def __init__(self,
                 data_root: str,
                 split: str = 'train',
                 val_ratio: float = 0.15,
                 seed: int = 0,
                 labels: Optional[str] = None,
                 metainfo: Optional[dict] = None,
                 backend_args: Optional[dict] = None,
                 **kwargs) -> None:
        check_part(split, val_ratio)
        taken = [name for name in ('ann_file', 'data_prefix')
                 if name in kwargs]
        if taken:
            raise ValueError(f'{", ".join(taken)}: not used here, the layout '
                             'is KolektorSDD2\'s; choose images with split.')
        if len((metainfo or self.METAINFO).get('classes', 'ab')) != 2:
            raise ValueError('metainfo must have two classes, clean and '
                             f'defective; it has {metainfo["classes"]!r}')
        self.split = split
        self.val_ratio = val_ratio
        self.seed = seed
        self.labels = labels
        self.backend_args = backend_args
        super().__init__(
            data_root=data_root,
            metainfo=metainfo,
            data_prefix=dict(img_path=''),
            **kwargs)

    def load_data_list(self) -> list[dict]:
        """List the split's images with their labels."""
        images = list_images(
            self.data_root,
            self.split,
            self.val_ratio,
            self.seed,
            labels=self.labels,
            classes=self.metainfo['classes'],
            backend_args=self.backend_args)
        check_links(image['img_path'] for image in images.values())
        return [
            dict(
                img_path=image['img_path'],
                output_name=image['output_name'],
                defective=image['defective'],
                gt_label=int(image['defective'])) for image in images.values()
        ]
