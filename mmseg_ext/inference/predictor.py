"""The class of every pixel of an image, by any model."""
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Optional

import numpy as np

from mmseg_ext.basics import paint
from mmseg_ext.basics.colours import blend
from mmseg_ext.basics.files import sha256
from mmseg_ext.basics.intensity import IntensityMatch
from mmseg_ext.basics.intensity_statistics import IntensityStatistics

from .defect_score import DefectScore, MarginScore
from .tiling import Tiling, decide, predict_tiled

# Pixels of an image; larger ones are predicted in tiles. Attention's memory
# grows with the square of it.
MAX_WHOLE = 2**21


class LogitModel(ABC):
    """A segmentor: images in, logits out.

    Attributes:
        classes: Names of the classes, in the order of their ids.
        palette: Colour of each class, (red, green, blue), 0 to 255.
        weights: File that the model was read from.
        details: What else its logits depend on, for the record of a run.
        tiling: How large images are cut if nobody says otherwise.
        max_whole: Images of more pixels are large.
        resizes: Whether images are scaled to one size before the network
            sees them. A tile is then seen at another scale than the image,
            and none are cut unless asked for.
        bit_depth: Significant bits of 16-bit images in training; None: all.
        crop_bottom: Rows that were cut off the images in training.
        margins: Whether logits are margins over the first class, which is
            what is to be expected: images are scored by them, and not by a
            probability.
        match: Changes the grey levels of whole images, before they are cut
            and given to ``logits``; None: they stay.
        intensities: Of the training images; None: not known.
        config_and_checkpoint: Files that the model was made of; None: of
            others.
    """
    classes: tuple[str, ...]
    palette: list[list[int]]
    weights: str
    details: Mapping[str, str | list[str]] = MappingProxyType({})
    tiling: Tiling = Tiling()
    max_whole: int = MAX_WHOLE
    resizes: bool = False
    bit_depth: Optional[int] = None
    crop_bottom: int = 0
    margins: bool = False
    match: Optional[IntensityMatch] = None
    intensities: Optional[IntensityStatistics] = None
    config_and_checkpoint: Optional[tuple[str, str]] = None

    def digest(self) -> str:
        """Return the SHA-256 of what the model was read from."""
        return sha256(self.weights)

    @abstractmethod
    def logits(self, batch: np.ndarray) -> np.ndarray:
        """Return the logits of images, which it prepares for the network.

        Args:
            batch: (B, H, W, 3) uint8, channels blue, green, red.

        Returns:
            (B, C, H, W) float32, writable. The largest of the C numbers
            tells a pixel's class.
        """


@dataclass(frozen=True)
class Prediction:
    """The class of every pixel of an image.

    Attributes:
        mask: (H, W) uint8, class ids.
        classes: Names of the classes, in the order of their ids.
        palette: Colour of each class, (red, green, blue), 0 to 255.
        tiles: Number of tiles that it was made in; 1: none were cut.
        score: See :class:`MarginScore` where ``LogitModel.margins``, else of
            two classes :class:`DefectScore`; None of others.
        entropy: (H, W) uint8, see :class:`ProbabilityMaps`, if asked for.
    """
    mask: np.ndarray
    classes: tuple[str, ...]
    palette: list[list[int]]
    tiles: int = 1
    score: Optional[float] = None
    entropy: Optional[np.ndarray] = None

    @cached_property
    def fractions(self) -> np.ndarray:
        """Fraction of each class in the pixels, (num_classes,), 0 to 1."""
        counts = np.zeros(len(self.classes), np.int64)
        for row in self.mask:  # bincount copies to eight bytes a pixel
            counts += np.bincount(row, minlength=len(counts))
        return counts / self.mask.size

    def colour_mask(self) -> np.ndarray:
        """Return the classes' colours, (H, W, 3) uint8, blue, green, red."""
        return paint(self.mask, self.palette)

    def overlay(self, image: np.ndarray,
                base: Optional[int] = None) -> np.ndarray:
        """Return the classes' colours over the image, 40 % opaque.

        Args:
            image: (H, W, 3) uint8, channels blue, green, red.
            base: Class whose pixels stay those of the image.

        Returns:
            (H, W, 3) uint8, as the image.
        """
        return blend(image, self.mask, self.palette, base)


def predict(
        model: LogitModel,
        image: np.ndarray,
        tiling: Optional[Tiling] = None,
        whole: bool = False,
        progress: Optional[Callable[[int, int], None]] = None,
        keep: Optional[Callable[[int, np.ndarray], None]] = None
        ) -> Prediction:
    """Predict the class of every pixel of an image.

    Args:
        model: What predicts.
        image: (H, W, 3) uint8, channels blue, green, red, or (H, W) grey.
        tiling: Cut the image so. None: as the model says, if the image has
            more than its ``max_whole`` pixels, 2**21 but for files of a fixed
            size, and the model does not scale images.
        whole: Never cut it; not together with ``tiling``.
        progress: Called with the number of tiles done, and of all.
        keep: Called with the number of a row, and the logits of some rows
            from there on, (num_classes, h, W).

    Raises:
        ValueError: If the image has another shape or type, no pixels, or one
            grey only where the model matches intensities.
    """
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    if (image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8
            or not image.size):
        raise ValueError(f'The image is {image.shape} {image.dtype}; '
                         '(H, W, 3) or (H, W) uint8 is expected, see '
                         'mmseg_ext.basics.read_image for 16 bits')
    if model.match is not None:  # the same map for all tiles
        image = model.match(image)
    if tiling is not None and whole:
        raise ValueError('Either tiling or whole=True, not both')
    if (tiling is None and not whole and not model.resizes
            and image.shape[0] * image.shape[1] > model.max_whole):
        tiling = model.tiling
    score = (MarginScore() if model.margins else
             DefectScore() if len(model.classes) == 2 else None)

    def look(top: int, logits: np.ndarray) -> None:
        if score is not None:
            score.look(logits)
        if keep is not None:
            keep(top, logits)

    tiles = 1 if tiling is None else tiling.count(*image.shape[:2])
    if tiles > 1:
        mask = predict_tiled(
            model.logits, image, len(model.classes), tiling, progress, look)
    else:
        logits = model.logits(image[None])[0]
        mask = decide(logits)
        look(0, logits)
    return Prediction(mask, model.classes, model.palette, tiles,
                      None if score is None else score.highest)
