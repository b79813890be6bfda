"""Segmentation by a few labelled images, without any training."""
import hashlib
from collections.abc import Sequence
from typing import Optional

import numpy as np
import torch

from mmseg_ext.basics.arguments import check_at_least, check_choice
from mmseg_ext.basics.colours import OKABE_ITO

from ..predictor import MAX_WHOLE, LogitModel, Prediction, predict
from ..tiling import Tiling
from .bank import CAP, IGNORED
from .encoder import DEFAULT, OVERLAP, TILE, FrozenEncoder, load_encoder
from .leave_one_out import (
    Calibration,
    Labelled,
    choose_matching,
    classify,
)
from .matchers import MATCHERS, NORMAL, TRAINED, candidates
from .matching import Matching

SCALES = (1.0, 0.5, 2.0)  # the first of the best
SEPARABLE = 0.1  # least IoU of left-out images
BACKGROUND, DEFECT, ANOMALY = 'background', 'defect', 'anomaly'
GREY = [128, 128, 128]
COLOURS = OKABE_ITO[:-1]  # the last is a grey, too


class FewShotSegmenter(LogitModel):
    """Finds what a few images show, by the features of a frozen encoder.

    With outlined images it segments their classes; with good images alone it
    finds what they do not show.

    Args:
        encoder: Name, see :func:`load_encoder`, or the encoder itself.
        matcher: One of ``MATCHERS``, or 'trained', the head of a trained
            encoder; good images alone are matched by 'normal'. None:
            'trained' where the encoder has a head; else, of three or more
            outlined images, the one that finds those that are left out
            best, and 'dense+normal' of fewer.
        scale: Images are enlarged by this; 'auto': what is best for the
            labelled images of 0.5, 1 and 2, or 1 with good images alone.
        classes: Names of all classes, the background first; None:
            'background' and 'defect', or 'class 1', 'class 2', ...
        cap: Most cells that images are matched with.
        seed: Of the choice where there are more.
        bit_depth: Significant bits of 16-bit files.
        crop_bottom: Rows to cut off the lower edge of files, or 'auto'.

    Attributes:
        calibration: Thresholds and results on left-out images, after
            :meth:`fit`.

    Raises:
        ValueError: If an argument is out of its range.
    """
    margins = True

    def __init__(self,
                 encoder: str | FrozenEncoder = DEFAULT,
                 matcher: Optional[str] = None,
                 scale: float | str = 'auto',
                 classes: Optional[Sequence[str]] = None,
                 cap: int = CAP,
                 seed: int = 0,
                 bit_depth: Optional[int] = None,
                 crop_bottom: int | str = 0) -> None:
        check_choice('matcher', matcher, (None, *MATCHERS, TRAINED))
        if scale != 'auto' and not (not isinstance(scale, str)
                                    and 0 < scale <= 8):
            raise ValueError(f"scale={scale!r}: must be 'auto' or a number "
                             'above 0, at most 8')
        check_at_least(100, cap=cap)
        if classes is not None and len(set(classes)) < max(len(classes), 2):
            raise ValueError(f'classes={classes!r}: must be two or more '
                             'names, each once, the background first')
        self.encoder = (load_encoder(encoder) if isinstance(encoder, str)
                        else encoder)
        head = getattr(self.encoder, 'head', None)
        if matcher == TRAINED and head is None:
            raise ValueError(
                f'matcher={TRAINED!r}: {self.encoder.name} has no head that '
                'matches; take a trained FewShotEncoderDecoder')
        self.matcher = matcher or (None if head is None else TRAINED)
        self.scale = scale
        self.given_classes = classes
        self.cap = cap
        self.seed = seed
        self.bit_depth = bit_depth
        self.crop_bottom = crop_bottom
        self.weights = self.encoder.name
        self.calibration: Optional[Calibration] = None

    def fit(self,
            images: Sequence[np.ndarray],
            masks: Sequence[np.ndarray],
            good: Sequence[np.ndarray] = (),
            names: Optional[Sequence[str]] = None) -> 'FewShotSegmenter':
        """Look at labelled images, of any sizes.

        Args:
            images: (H, W, 3) uint8, channels blue, green, red, or (H, W).
            masks: One for each image: (H, W) bool, or class ids with 255
                where nobody knows.
            good: Images that show nothing but background.
            names: Of the images and the good ones, for messages.

        Raises:
            ValueError: If there are none, or they do not fit each other.
        """
        names = names or [f'image {i}' for i in range(len(images))] + [
            f'good image {i}' for i in range(len(good))]
        if len(images) != len(masks):
            raise ValueError(f'{len(images)} images have {len(masks)} masks: '
                             'give one for each')
        outlined = [Labelled(name, _colours(image, name), _ids(mask))
                    for name, image, mask in zip(names, images, masks)]
        normal = [Labelled(name, _colours(image, name))
                  for name, image in zip(names[len(images):], good)]
        if not outlined and not normal:
            raise ValueError('No image is outlined and none is good: there '
                             'is nothing to go by')
        self._name_classes(outlined)
        self._check(outlined, normal)
        self._shown = _digest([*outlined, *normal])
        scales = [self.scale] if self.scale != 'auto' else (
            SCALES if outlined else SCALES[:1])
        matchers = candidates(len(outlined))
        if outlined and self.matcher is not None:
            matchers = (self.matcher, )
        self.matching, self.calibration = choose_matching(
            [Matching(self.encoder, matcher, len(self.classes) - 1, scale,
                      self.cap, self.seed)
             for scale in scales for matcher in matchers], outlined, normal)
        self._set_tiling(self.matching.scale)
        return self

    def _name_classes(self, outlined: Sequence[Labelled]) -> None:
        number = max((int(one.mask[one.mask != IGNORED].max(initial=0))
                      for one in outlined), default=1)
        if not outlined:
            classes = (BACKGROUND, ANOMALY)
        elif self.given_classes is not None:
            classes = tuple(self.given_classes)
        elif number <= 1:
            classes = (BACKGROUND, DEFECT)
        else:
            classes = (BACKGROUND, *(f'class {i + 1}' for i in range(number)))
        if len(classes) > len(COLOURS) + 1:
            raise ValueError(f'{len(classes)} classes; at most '
                             f'{len(COLOURS) + 1} can be told by colour')
        self.classes = classes
        self.palette = [GREY, *COLOURS[:len(classes) - 1]]

    def _check(self, outlined: Sequence[Labelled],
               normal: Sequence[Labelled]) -> None:
        ids = set()
        for one in outlined:
            size = one.image.shape[:2]
            if one.mask.shape != size:
                raise ValueError(
                    f'{one.name}: its mask has {_size(one.mask.shape)} '
                    f'pixels, the image {_size(size)} (height x width)')
            found = set(np.unique(one.mask).tolist()) - {0, IGNORED}
            if not found:
                unknown = (f'; {IGNORED} means that nobody knows, give '
                           'mask > 0 for one of 0 and 255'
                           if IGNORED in one.mask else '')
                raise ValueError(
                    f'{one.name}: its mask is empty{unknown}. Outline the '
                    'defect, or put the image among the good ones')
            if max(found) >= len(self.classes):
                raise ValueError(
                    f'{one.name}: its mask holds the id {max(found)}; the '
                    f'classes are 0 to {len(self.classes) - 1} '
                    f'({", ".join(self.classes)})')
            ids |= found
        lost = [self.classes[i] for i in range(1, len(self.classes))
                if i not in ids]
        if outlined and lost:
            raise ValueError(f'No image shows {", ".join(lost)}: outline one, '
                             'or leave the class out')
        if self.matcher == NORMAL and len(self.classes) > 2:
            raise ValueError(f'matcher={NORMAL!r} tells no classes apart; '
                             f'there are {", ".join(self.classes[1:])}')
        if outlined and not normal and all(
                one.mask.all() for one in outlined):
            raise ValueError(
                f'{outlined[0].name}: its mask covers all of the image'
                f'{", as all others do" if len(outlined) > 1 else ""}, and '
                'no image shows the background. Add good images')

    def _set_tiling(self, scale: float) -> None:
        cell = max(round(self.encoder.stride / scale), 1)
        tile, overlap = (max(round(length / scale) // cell, 2) * cell
                         for length in (TILE, OVERLAP))
        self.tiling = Tiling((tile, tile), (min(overlap, tile // 2), ) * 2,
                             align=cell)
        self.max_whole = round(MAX_WHOLE / scale**2)
        matching = self.matching
        self.details = dict(
            encoder=self.encoder.name, stride=str(self.encoder.stride),
            matcher=matching.matcher, scale=f'{scale:g}',
            bank=f'at most {self.cap} cells, seed {self.seed}',
            supports_sha256=self._shown)

    @property
    def warning(self) -> str:
        """What speaks against it; '' if nothing does."""
        iou = self.calibration.iou
        if not iou < SEPARABLE:  # nan: nothing was outlined
            return ''
        return (f'Left out, the outlined images are found with an IoU of '
                f'{iou:.2f}, below {SEPARABLE}: this defect is not separable '
                'with this encoder. Label more images and train')

    def digest(self) -> str:
        return self.encoder.digest()

    def predict(self, image: np.ndarray, tiling: Optional[Tiling] = None,
                whole: bool = False) -> Prediction:
        """Return what an image shows, see :func:`~..predictor.predict`."""
        return predict(self, image, tiling, whole)

    @torch.no_grad()
    def logits(self, batch: np.ndarray) -> np.ndarray:
        if self.calibration is None:
            raise ValueError('Nothing has been shown yet: call fit first')
        found = []
        for image in batch:
            scores = self.matching.score(
                self.matching.look(image), self.calibration.bank)
            found.append(classify(
                self.matching.at_pixels(scores, image.shape[:2]),
                self.calibration.thresholds).cpu().numpy())
        return np.stack(found)


def _colours(image: np.ndarray, name: str) -> np.ndarray:
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (
            image.ndim == 3 and image.shape[2] != 3) or not image.size:
        raise ValueError(f'{name} is {image.shape} {image.dtype}; (H, W, 3) '
                         'or (H, W) uint8 is expected')
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, 2)


def _ids(mask: np.ndarray) -> np.ndarray:
    return np.asarray(mask).astype(np.uint8)


def _digest(shown: Sequence[Labelled]) -> str:
    found = hashlib.sha256()
    for one in shown:
        for array in (one.image, one.mask):
            if array is not None:
                found.update(repr(array.shape).encode())
                found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _size(shape: Sequence[int]) -> str:
    return ' x '.join(map(str, shape))
