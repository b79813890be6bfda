"""Cut the information band off images that have no mask to tell it."""
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_ext.basics.information_band import find_information_band

AUTO = 'auto'


@TRANSFORMS.register_module()
class CropBottom(BaseTransform):
    """Cut rows off the lower edge of an image.

    For images without masks; with them, ``info_band`` of SEMDataset does.

    Required Keys:

    - img
    - img_path (optional, for errors)

    Modified Keys:

    - img
    - img_shape

    Args:
        rows: How many, in pixels; 'auto': the information band, where one
            is found.

    Raises:
        ValueError: If it is neither, or nothing of an image is left.
    """

    def __init__(self, rows: int | str = AUTO) -> None:
        if rows != AUTO and not (type(rows) is int and rows >= 0):
            raise ValueError(f"rows={rows!r}: must be 'auto' or a number of "
                             'rows')
        self.rows = rows

    def transform(self, results: dict) -> dict:
        image = results['img']
        rows = (find_information_band(image) if self.rows == AUTO else
                self.rows)
        if rows >= len(image):
            raise ValueError(
                f'{results.get("img_path", "An image")} has {len(image)} '
                f'rows, of which {rows} are to be cut off: nothing is left')
        results['img'] = image[:len(image) - rows]
        results['img_shape'] = results['img'].shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(rows={self.rows!r})'
