"""A segmentor that adapts to another domain by its own predictions."""
import logging
import math
from collections.abc import Mapping
from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor

from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.ops import (
    block_mask,
    change_intensity,
    class_mask,
    confidence_weight,
    gaussian_blur,
    mix,
    rectangle_mask,
)

from .domains import image_pixels, split_domains
from .logits import IGNORED, full_logits
from .mean_teacher import MeanTeacher

MIXES = ('class', 'rectangle', None)
JITTERED = 0.8  # of the images
BLURRED = 0.5
LEAST_BLUR = 0.15  # pixels
FULL = 255  # white, where images are not normalised
# a block that is erased: an eighth of the crop's side, at most so many pixels
BLOCKS, LARGEST_BLOCK = 8, 64
WATCHED = 100  # batches, after which a teacher without confidence is told


@MODELS.register_module()
class SelfTrainingEncoderDecoder(EncoderDecoder):
    """An EncoderDecoder that learns from a target domain without masks.

    ::

        source --------------------------> student --> its own losses
           |  masks
           +--> paste half --> jitter, --> student --> loss_mix
           |                   blur                      | pseudo-labels, q
        target --> teacher ------------------------------+
           |                                             |
           +--> erase blocks ------------> student --> loss_masked

    The teacher is a moving average of the student, see :class:`MeanTeacher`.
    Its classes are the target's pseudo-labels; the weight q of an image is
    the fraction of its pixels of which the teacher is confident, and what is
    pasted from the source has weight 1. Losses of the target are
    cross-entropies, averaged over all pixels, whatever the head's own is.

    Batches are those of a SourceTargetDataset and a DomainBatchSampler. It
    changes the training alone: state dict, prediction and export are the
    plain segmentor's. The teacher is kept by the engine's AdaptationHook.
    Any config of an EncoderDecoder with batches of both becomes one::

        model = dict(type='SelfTrainingEncoderDecoder', alpha=0.99,
                     mix='rectangle', mask_ratio=0.7)

    Args:
        alpha: Of the teacher's average: 0.999, or 0.99 for less than 2000
            iterations; above 0 and below 1.
        threshold: Probability above which the teacher is confident, 0 to 1.
        mix: What of the source is pasted onto the target. 'class': half of
            the classes of an image, for defects and streets; 'rectangle':
            half of the area, for micrographs, in which a single phase cut
            out of its mosaic makes an impossible picture; None: nothing.
        mask_ratio: Probability of erasing a block of the target, 0 to 1; 0:
            no masked consistency, and one forward less.
        mask_block: Side of a block in pixels; None: an eighth of the crop's
            side, at most 64.
        jitter: How much brightness, contrast and gamma of a mixed image
            change: b up to this, c and g up to 1 + this; 0: not at all.
        blur: Largest standard deviation of its blur, in pixels; 0: none.
        *args, **kwargs: Of the segmentor.

    Raises:
        ValueError: If an argument is not among what is allowed; in the
            training, if batches are not of both domains.

    Reference:
        Tranheden et al., DACS, 2021; Hoyer et al., DAFormer, 2022, and MIC,
        2023; github.com/lhoyer/MIC, seg/mmseg/models/uda/dacs.py.
    """

    def __init__(self,
                 *args,
                 alpha: float = 0.999,
                 threshold: float = 0.968,
                 mix: Optional[str] = 'rectangle',
                 mask_ratio: float = 0.0,
                 mask_block: Optional[int] = None,
                 jitter: float = 0.2,
                 blur: float = 1.15,
                 **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not 0 < alpha < 1:
            raise ValueError(f'alpha={alpha!r}: must be above 0 and below 1, '
                             'such as 0.999')
        for name, value in (('threshold', threshold),
                            ('mask_ratio', mask_ratio), ('jitter', jitter)):
            if not 0 <= value <= 1:
                raise ValueError(f'{name}={value!r}: must be between 0 and 1')
        check_choice('mix', mix, MIXES)
        if mask_block is not None and not mask_block >= 1:
            raise ValueError(f'mask_block={mask_block!r}: must be 1 pixel or '
                             'more, or None')
        if not 0 <= blur < math.inf:
            raise ValueError(f'blur={blur!r}: must be 0 or more pixels')
        self.threshold = threshold
        self.mix = mix
        self.mask_ratio = mask_ratio
        self.mask_block = mask_block
        self.jitter = jitter
        self.blur = blur
        self.mean_teacher = MeanTeacher(alpha)
        self._unsure = 0  # batches without any weight, from the first on

    def training_state(self) -> dict[str, Tensor]:
        """Return what a resumed training needs beside the state dict."""
        return self.mean_teacher.state_dict()

    def load_training_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what :meth:`training_state` has returned."""
        self.mean_teacher.load_state_dict(state)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict:
        """Return the source's losses and those of the target.

        Args:
            inputs: Images (B, 3, H, W), as the data preprocessor returns
                them.
            data_samples: With masks, and ``domain`` in their metainfo.

        Returns:
            The losses, weighted; ``self_training.confidence``, the mean of
            the teacher's highest probability, and ``self_training.q``, that
            of the images' weights. In evaluation mode the plain losses.
        """
        if not self.training:
            return super().loss(inputs, data_samples)
        source, target = split_domains(data_samples)
        self.mean_teacher.update(self)
        losses = super().loss(
            inputs[source], [data_samples[i] for i in source])
        # each image of the target has one of the source to mix with
        pairs = [source[i % len(source)] for i in range(len(target))]
        labels = torch.cat(
            [data_samples[i].gt_sem_seg.data for i in pairs])
        shown = image_pixels([data_samples[i] for i in target],
                             inputs[target])
        found = self._learn(inputs[pairs], labels, inputs[target], shown)
        losses.update({f'self_training.{name}': value
                       for name, value in found.items()})
        return losses

    def _learn(self, source: Tensor, labels: Tensor, target: Tensor,
               shown: Tensor) -> dict[str, Tensor]:
        """Return the target's losses.

        Args:
            source: Images to mix with, (B, 3, H, W).
            labels: Theirs, (B, H, W).
            target: Images, (B, 3, H, W).
            shown: Which of the target's pixels are not padding, (B, H, W).
        """
        confidence, taught = self.mean_teacher(target).max(1)
        q = confidence_weight(confidence, self.threshold, shown)
        weight = q[:, None, None] * shown
        result = dict(q=q.mean(), confidence=confidence[shown].mean())
        self._watch(result)
        images, classes, weights = target, taught, weight
        pasted = self._pasted(labels)
        if pasted is not None:
            images = mix(pasted, source, target)
            classes = mix(pasted, labels, taught)
            weights = mix(pasted, torch.ones_like(weight), weight)
        result['loss_mix'] = self._cross_entropy(
            self._augment(images), classes, weights)
        if self.mask_ratio > 0:
            result['loss_masked'] = self._cross_entropy(
                self._erase(self._augment(target)), taught, weight)
        return result

    def _watch(self, result: Mapping[str, Tensor]) -> None:
        """Say once that nothing is learned from the target."""
        if self._unsure >= WATCHED or self._unsure < 0:
            return
        self._unsure = self._unsure + 1 if result['q'] == 0 else -1
        if self._unsure == WATCHED:
            print_log(
                f'In none of {WATCHED} batches the confidence of a pixel of '
                f'the target exceeds threshold={self.threshold}: q is 0, and '
                'nothing is learned from the target. The mean confidence is '
                f'{float(result["confidence"]):.3f}. Start from a trained '
                'model, load_from, train longer, or lower model.threshold',
                logger='current', level=logging.WARNING)

    def _pasted(self, labels: Tensor) -> Optional[Tensor]:
        if self.mix is None:
            return None
        if self.mix == 'class':
            return class_mask(labels, self._ignored)
        return rectangle_mask(*labels.shape).to(labels.device)

    def _cross_entropy(self, images: Tensor, labels: Tensor,
                       weights: Tensor) -> Tensor:
        return (F.cross_entropy(
            full_logits(self, images), labels, reduction='none',
            ignore_index=self._ignored) * weights).mean()

    @property
    def _ignored(self) -> int:
        ignored = self.decode_head.ignore_index
        return IGNORED if ignored is None else ignored

    def _erase(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        block = self.mask_block or max(
            1, min(LARGEST_BLOCK, min(height, width) // BLOCKS))
        erased = block_mask(len(images), height, width, block,
                            self.mask_ratio).to(images.device)
        return images.masked_fill(erased[:, None], 0)

    def _augment(self, images: Tensor) -> Tensor:
        """Change grey levels and sharpness of normalised images at random."""
        count = len(images)
        # on the CPU, whose generator a resumed training goes on with
        b, c, g = torch.rand(3, count) * 2 - 1
        changed = torch.rand(count) < JITTERED
        blurred, width = torch.rand(2, count)
        if self.jitter:
            b, c, g = (value * changed for value in (b, c, g))
            images = self._normalized(change_intensity(
                self._grey_levels(images), self.jitter * b,
                (1 + self.jitter)**c, (1 + self.jitter)**g))
        if not self.blur:
            return images
        least = min(LEAST_BLUR, self.blur)
        return torch.cat([
            gaussian_blur(image[None], least + (self.blur - least) * float(w)
                          if on else 0)
            for image, on, w in zip(images, blurred < BLURRED, width)])

    def _grey_levels(self, images: Tensor) -> Tensor:
        mean, std = self._normalization()
        return (images * std + mean) / FULL

    def _normalized(self, levels: Tensor) -> Tensor:
        mean, std = self._normalization()
        return (levels * FULL - mean) / std

    def _normalization(self) -> tuple[Tensor | float, Tensor | float]:
        known = self.data_preprocessor
        return getattr(known, 'mean', 0.0), getattr(known, 'std', 1.0)
