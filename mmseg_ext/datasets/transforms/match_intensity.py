"""Give images the brightness and contrast of the training's."""
from collections.abc import Sequence
from typing import Optional

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_ext.basics.intensity import IntensityMatch


@TRANSFORMS.register_module()
class MatchIntensity(BaseTransform):
    """Map an image's grey levels so that they are like other images'.

    For a model that meets images of another detector setting than it was
    trained with; ``tools/adapt.py`` writes it into a test pipeline. It
    belongs directly behind the loading of images: it goes by the whole image
    without its information band, before anything is scaled, cropped or
    padded. No mask is read: images without one get the same map.

    Required Keys:

    - img: (H, W, 3) uint8, blue, green, red
    - img_path (optional, for errors)

    Modified Keys:

    - img

    Args:
        method: 'intensity': one affine map for all channels, so that mean
            and standard deviation become these; 'histogram': to these
            quantiles. The latter also evens out what differs because phases
            take up more of one image than of another.
        mean: Of 'intensity', 0 to 255: the mean; or the lowest and the
            highest of the training images, into which it is moved by as
            little as possible; or three of either for blue, green and red,
            and a map for each channel.
        std: The same of the standard deviation within an image.
        quantiles: Of 'histogram': 2 to 256 grey levels at evenly spaced
            fractions of the training images' pixels.

    Raises:
        ValueError: If an argument is not allowed, or an image is one grey.
    """

    def __init__(self,
                 method: str = 'intensity',
                 mean: float | Sequence[float] | None = None,
                 std: float | Sequence[float] | None = None,
                 quantiles: Optional[Sequence[float]] = None) -> None:
        self.match = IntensityMatch(method, mean, std, quantiles)

    def transform(self, results: dict) -> dict:
        results['img'] = self.match(
            results['img'], results.get('img_path') or 'An image')
        return results

    def __repr__(self) -> str:
        arguments = ', '.join(f'{name}={value!r}' for name, value
                              in self.match.arguments().items())
        return f'{type(self).__name__}({arguments})'
