"""mmseg's Cityscapes, which says how to make labels that are missing."""
from mmengine import fileio
from mmseg.datasets import CityscapesDataset
from mmseg.registry import DATASETS

from mmseg_ext.basics.listing import name_some

from .published import PUBLISHED


@DATASETS.register_module()
class CheckedCityscapesDataset(CityscapesDataset):
    """mmseg's CityscapesDataset, checked before the training begins.

    The published download holds polygons and ids, and no
    ``*_gtFine_labelTrainIds.png``, which training reads.

    Args: See mmseg's CityscapesDataset.

    Raises:
        FileNotFoundError: If there are no images, or the label image of one
            is missing.
    """

    def load_data_list(self) -> list[dict]:
        """List the images with their label images."""
        folder = self.data_prefix['img_path']
        if not fileio.isdir(folder, self.backend_args):
            raise FileNotFoundError(
                f'There is no folder {folder}. Expected is Cityscapes as '
                'published, such as leftImg8bit/train/aachen/aachen_000000_'
                '000019_leftImg8bit.png in the data root. '
                + PUBLISHED['cityscapes'].how_to_get(self.data_root))
        listed = super().load_data_list()
        missing = [
            sample['seg_map_path'] for sample in listed
            if not fileio.exists(sample['seg_map_path'], self.backend_args)
        ]
        if missing:
            raise FileNotFoundError(
                f'{len(missing)} of {len(listed)} images have no label '
                f'image: {name_some(missing)}. Draw them from the published '
                'polygons: pip install -e ".[cityscapes]", then '
                f'CITYSCAPES_DATASET={self.data_root} '
                'csCreateTrainIdLabelImgs')
        if not listed:
            raise FileNotFoundError(
                f'{folder} holds no images *{self.img_suffix}')
        return listed
