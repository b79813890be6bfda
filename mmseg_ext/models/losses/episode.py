"""The loss of few-shot episodes, some of which show nothing."""
from typing import Optional

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.ops import soft_dice

from ._checks import check_loss_name, check_shapes


@MODELS.register_module()
class EpisodeLoss(nn.Module):
    """Cross-entropy and Dice of each query, 'normal Dice' of empty ones.

    ::

        class in the image:  ce_weight * CE + dice_weight * (1 - Dice_1)
        otherwise:           dice_weight * (1 - Dice_0)

    Dice of the class has no gradient where the class does not occur; that of
    the background, the inverted problem, then is a penalty on all that is
    found. Each image counts alike. Ignored pixels have no part; an image of
    nothing else has loss 0.

    Args:
        ce_weight: Factor of cross-entropy, 0 or more.
        dice_weight: Factor of Dice, 0 or more.
        loss_weight: Factor of the sum, 0 or more.
        loss_name: Name in the log; starts with 'loss_'.

    Shape:
        - pred: logits (B, 2, H, W)
        - target: 0, 1 or ``ignore_index``, (B, H, W)
        - output: scalar, float32 at least

    Raises:
        ValueError: If an argument is not among what is allowed.

    Reference:
        SOFS, Small Object Few-shot Segmentation for Vision-based Industrial
        Inspection, arXiv 2407.21351, 2024 (normal Dice).
    """

    def __init__(self,
                 ce_weight: float = 1.0,
                 dice_weight: float = 1.0,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_episode') -> None:
        super().__init__()
        check_at_least(0, ce_weight=ce_weight, dice_weight=dice_weight,
                       loss_weight=loss_weight)
        check_loss_name(loss_name)
        self.ce_weight = ce_weight
        self.dice_weight = dice_weight
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self,
                pred: Tensor,
                target: Tensor,
                weight: Optional[Tensor] = None,
                ignore_index: int = 255,
                **kwargs) -> Tensor:
        """Return the mean loss of the images.

        Args:
            pred: Logits.
            target: Whether a pixel is of the class, or ``ignore_index``.
            weight: Must be None.
            ignore_index: Value of pixels without a label.
            kwargs: Not used; mmseg's losses take any.

        Raises:
            ValueError: If there are not two channels, or there is a weight.
        """
        check_shapes(pred, target, weight)
        if pred.shape[1] != 2 or weight is not None:
            raise ValueError(
                f'pred has {pred.shape[1]} channels, and weight is '
                f'{"None" if weight is None else "given"}: two channels, the '
                'background and the class, and no weights are allowed')
        # half precision does not hold the sums of Dice
        pred = pred.to(torch.promote_types(pred.dtype, torch.float32))
        return self.loss_weight * torch.stack([
            self._of_image(logits, labels, ignore_index)
            for logits, labels in zip(pred.split(1), target.split(1))
        ]).mean()

    def _of_image(self, logits: Tensor, labels: Tensor,
                  ignore_index: int) -> Tensor:
        known = (labels != ignore_index).to(logits.dtype)
        dice, occurs = soft_dice(logits.softmax(1), labels, known)
        ce = F.cross_entropy(logits, labels, ignore_index=ignore_index,
                             reduction='sum') / known.sum().clamp(min=1)
        shown = self.ce_weight * ce + self.dice_weight * (1 - dice[1])
        # 0 where no pixel has a label
        empty = self.dice_weight * (occurs[0].to(dice.dtype) - dice[0])
        return shown.where(occurs[1], empty)

    @property
    def loss_name(self) -> str:
        """Name of the loss in the log."""
        return self._loss_name
