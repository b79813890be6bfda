"""A square of any scale, for images without labels."""
import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomScaledCrop(BaseTransform):
    """Cut a square out of an image and resize it to one size.

    Its side lies between ``size``, where pixels stay as they are, and the
    shorter side of the image, where all of that is seen; the logarithm is
    drawn evenly, and the place, too. Of an image that is smaller than
    ``size`` the largest square is enlarged. Masks are not cut.

    Required Keys:

    - img

    Modified Keys:

    - img
    - img_shape

    Args:
        size: Side of the result, in pixels.
        center: Draw nothing: take the middle of scales and places.

    Raises:
        ValueError: If ``size`` is no positive number.
    """

    def __init__(self, size: int, center: bool = False) -> None:
        if size < 1:
            raise ValueError(f'size={size!r}: must be 1 or more')
        self.size = size
        self.center = center

    @cache_randomness
    def _draw(self) -> tuple[float, float, float]:
        """Return where scale, top and left lie between their bounds."""
        return (0.5, ) * 3 if self.center else tuple(np.random.rand(3))

    def transform(self, results: dict) -> dict:
        image = results['img']
        height, width = image.shape[:2]
        scale, top, left = self._draw()
        longest = min(height, width)
        shortest = min(self.size, longest)
        side = round(shortest * (longest / shortest)**scale)
        top = round(top * (height - side))
        left = round(left * (width - side))
        crop = image[top:top + side, left:left + side]
        if side != self.size:
            crop = cv2.resize(
                crop, (self.size, ) * 2, interpolation=cv2.INTER_AREA
                if side > self.size else cv2.INTER_LINEAR)
        results['img'] = np.ascontiguousarray(crop)
        results['img_shape'] = results['img'].shape[:2]
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(size={self.size}, '
                f'center={self.center})')
