"""Quarter turns as an augmentation."""
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomQuarterTurn(BaseTransform):
    """Turn image and masks by 90, 180 or 270 degrees, at random.

    For sections that have no up: pixels move, and none is interpolated.
    With a flip it makes all eight views of a square. mmseg's RandomRotFlip
    flips whatever it turns by a quarter.

    Height and width of an image that is not square change places, so it
    belongs before a crop to one size.

    Required Keys:

    - img
    - seg_fields

    Modified Keys:

    - img
    - img_shape
    - what ``seg_fields`` names

    Args:
        prob: Probability of a turn, 0 to 1; the three have the same chance.

    Raises:
        ValueError: If it is out of its range.
    """

    def __init__(self, prob: float = 0.75) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob={prob!r}: must be between 0 and 1')
        self.prob = prob

    @cache_randomness
    def _draw_turns(self) -> int:
        """Return the number of quarters, against the clock."""
        if np.random.rand() >= self.prob:
            return 0
        return np.random.randint(1, 4)

    def transform(self, results: dict) -> dict:
        turns = self._draw_turns()
        for key in ('img', *results.get('seg_fields', ())):
            # a copy: OpenCV takes no views of this kind
            results[key] = np.ascontiguousarray(np.rot90(results[key], turns))
        results['img_shape'] = results['img'].shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'
