"""Cross-entropy and Dice in one loss."""
from collections.abc import Sequence
from typing import Optional, Union

import torch
from mmseg.models.losses.cross_entropy_loss import cross_entropy
from mmseg.models.losses.utils import get_class_weight
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.ops import soft_dice

from ._checks import check_loss_name, check_shapes


@MODELS.register_module()
class CrossEntropyDiceLoss(nn.Module):
    """Cross-entropy plus Dice, for defects of few pixels.

    ::

        loss_weight * (ce_weight * CE + dice_weight * (1 - mean Dice))

    Cross-entropy weighs a class by its pixels. Dice weighs every class
    alike: it is averaged over the classes that occur in the batch's labels,
    each over all pixels of the batch (of one process). A class that does
    not occur is left to cross-entropy. Ignored pixels have no part in
    either term; a batch of nothing else has loss 0.

    It takes the place of mmseg's CrossEntropyLoss in a config, also in one
    that inherits the other's arguments:
    ``loss_decode=dict(type='CrossEntropyDiceLoss')``.

    Args:
        ce_weight: Factor of cross-entropy, 0 or more.
        dice_weight: Factor of Dice, 0 or more.
        class_weight: Weight of each class in cross-entropy, or a file that
            holds them, as in mmseg's CrossEntropyLoss. Dice takes none.
        avg_non_ignore: Divide cross-entropy by the number of labelled
            pixels; if False, by that of all pixels, mmseg's default. Class
            weights set their own divisor, the labelled pixels' sum of them.
        smooth: Pixels added to both sides of Dice's fraction, 0 or more.
        use_sigmoid: Must be False. Here because mmseg's base configs set
            it.
        loss_weight: Factor of the sum, 0 or more.
        loss_name: Name in the log; starts with 'loss_', or mmengine would
            not optimise it.

    Shape:
        - pred: logits (B, C, H, W), C at least 2
        - target: class ids or ``ignore_index``, (B, H, W)
        - weight: (B, H, W)
        - output: scalar, float32 at least

    Raises:
        ValueError: If an argument is not among what is allowed.

    Reference:
        Isensee et al., nnU-Net, 2021 (the sum of the two, Dice over the
        batch).
    """

    def __init__(self,
                 ce_weight: float = 1.0,
                 dice_weight: float = 1.0,
                 class_weight: Optional[Union[Sequence[float], str]] = None,
                 avg_non_ignore: bool = True,
                 smooth: float = 0.0,
                 use_sigmoid: bool = False,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_ce_dice') -> None:
        super().__init__()
        check_at_least(
            0,
            ce_weight=ce_weight,
            dice_weight=dice_weight,
            smooth=smooth,
            loss_weight=loss_weight)
        if ce_weight == dice_weight == 0:
            raise ValueError('ce_weight and dice_weight are both 0: the loss '
                             'would train nothing; set one above 0')
        if use_sigmoid:
            raise ValueError('use_sigmoid=True: both terms are of a softmax '
                             'over two or more channels; set it to False')
        check_loss_name(loss_name)
        self.ce_weight = ce_weight
        self.dice_weight = dice_weight
        self.class_weight = get_class_weight(class_weight)
        self._copied: Optional[Tensor] = None
        self.avg_non_ignore = avg_non_ignore
        self.smooth = smooth
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self,
                pred: Tensor,
                target: Tensor,
                weight: Optional[Tensor] = None,
                avg_factor: Optional[float] = None,
                reduction_override: Optional[str] = None,
                ignore_index: int = 255,
                **kwargs) -> Tensor:
        """Return the loss of a batch.

        Args:
            pred: Logits.
            target: True class ids or ``ignore_index``.
            weight: Weight of each pixel in both terms, from a pixel
                sampler.
            avg_factor: What cross-entropy is divided by; None: see
                ``avg_non_ignore``.
            reduction_override: None or 'mean'.
            ignore_index: Value of pixels without a label.
            kwargs: Not used; mmseg's losses take any.
        """
        check_shapes(pred, target, weight)
        if reduction_override not in (None, 'mean'):
            raise ValueError(
                f'reduction_override={reduction_override!r}: Dice has no '
                'value for a single pixel, only the mean is defined. '
                'OHEMPixelSampler asks for it unless its thresh is set.')
        # Half precision does not hold the sums of Dice.
        pred = pred.to(torch.promote_types(pred.dtype, torch.float32))
        labelled = target != ignore_index
        class_weight = self._class_weight_at(pred)
        if avg_factor is None:
            # mmseg's own divisor looks up the class weight of ignored
            # pixels too, and fails at index 255.
            avg_factor = self._divisor(target, labelled, class_weight)
        ce = cross_entropy(
            pred,
            target,
            weight,
            class_weight,
            avg_factor=avg_factor,
            ignore_index=ignore_index)
        pixel_weight = labelled.to(pred.dtype)
        if weight is not None:
            pixel_weight = pixel_weight * weight
        dice, occurs = soft_dice(
            pred.softmax(1), target, pixel_weight, self.smooth)
        num_occurring = occurs.sum()
        dice_loss = (num_occurring - dice.sum()) / num_occurring.clamp(min=1)
        return self.loss_weight * (
            self.ce_weight * ce + self.dice_weight * dice_loss)

    def _class_weight_at(self, pred: Tensor) -> Optional[Tensor]:
        """Return the class weights where the logits are, copied once."""
        if self.class_weight is None:
            return None
        copied = self._copied
        if copied is None or (copied.device, copied.dtype) != (
                pred.device, pred.dtype):
            self._copied = copied = pred.new_tensor(self.class_weight)
        return copied

    def _divisor(self, target: Tensor, labelled: Tensor,
                 class_weight: Optional[Tensor]) -> Union[Tensor, int]:
        # No indexing by a mask: the host would wait for its size.
        if class_weight is not None:
            return (class_weight[target.where(labelled, 0)]
                    * labelled).sum()
        return labelled.sum() if self.avg_non_ignore else target.numel()

    @property
    def loss_name(self) -> str:
        """Name of the loss in the log."""
        return self._loss_name
