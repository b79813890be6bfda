"""Crop at random, and often enough where a rare class is."""
from collections.abc import Sequence
from typing import Optional, Union

import numpy as np
from mmseg.registry import TRANSFORMS

from .aimed_crop import IGNORED, AimedCrop, random_pixel


@TRANSFORMS.register_module()
class RareClassCrop(AimedCrop):
    """Crop at random, and with some probability around a rare class.

    An :class:`AimedCrop` for any number of classes, of which some cover
    little. One of the classes that the image has is drawn, with a chance
    proportional to ``fraction ** -power``, then any pixel of it.

    Args:
        crop_size: (height, width) in pixels, or one number for both.
        prob: Probability of aiming at a class, 0 to 1.
        fractions: Fraction of each class among the pixels for training, in
            the order of the ids; they need not add up to 1, and a class of
            0 is never aimed at. None: those of the image itself.
        power: 1: by inverse frequency; 0: all classes of an image have the
            same chance.
        ignore_index: Label of pixels that have none.

    Raises:
        ValueError: If an argument is out of its range, or a label has no
            fraction; see AimedCrop.
    """

    def __init__(self,
                 crop_size: Union[int, tuple[int, int]],
                 prob: float = 0.5,
                 fractions: Optional[Sequence[float]] = None,
                 power: float = 1.0,
                 ignore_index: int = IGNORED) -> None:
        super().__init__(crop_size, prob)
        if fractions is not None and not (
                len(fractions) and min(fractions) >= 0 < max(fractions)):
            raise ValueError(f'fractions={fractions!r}: must be one of each '
                             'class, none below 0 and not all of them 0')
        if not 0 <= power < np.inf:
            raise ValueError(f'power={power!r}: must be 0 or more')
        self.fractions = None if fractions is None else tuple(fractions)
        self.power = power
        self.ignore_index = ignore_index

    def draw_pixel(self, label: np.ndarray) -> Optional[np.ndarray]:
        ids, counts = np.unique(label[label != self.ignore_index],
                                return_counts=True)
        if not len(ids):
            return None
        fractions = counts / counts.sum()
        if self.fractions is not None:
            if ids[-1] >= len(self.fractions):
                raise ValueError(
                    f'A mask has the class id {ids[-1]}, and fractions of '
                    f'RareClassCrop are of {len(self.fractions)} classes.')
            fractions = np.take(self.fractions, ids)
        ids, fractions = ids[fractions > 0], fractions[fractions > 0]
        if not len(ids):
            return None
        # against the smallest: no power of a fraction overflows
        chances = (fractions.min() / fractions)**self.power
        drawn = np.random.choice(ids, p=chances / chances.sum())
        return random_pixel(label == drawn)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(crop_size={self.crop_size}, '
                f'prob={self.prob}, fractions={self.fractions}, '
                f'power={self.power}, ignore_index={self.ignore_index})')
