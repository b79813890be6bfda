"""Cross-entropy of the pixels that are hardest."""
from collections.abc import Sequence
from typing import Optional, Union

import torch
import torch.nn.functional as F
from mmseg.models.losses.utils import get_class_weight
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_at_least

from ._checks import check_loss_name, check_shapes


@MODELS.register_module()
class BootstrappedCrossEntropyLoss(nn.Module):
    """Mean cross-entropy of each image's hard pixels, for rare classes.

    Of each image those pixels count whose cross-entropy is above
    ``threshold`` or, if these are fewer than ``min_kept``, the ``min_kept``
    with the highest; the loss is their mean, and the mean of that over the
    images. What is learned already, as most of a large class soon is, takes
    no part. Ignored pixels neither count nor fill up ``min_kept``; an image
    of nothing else has no part in the mean, a batch of such images loss 0.

    Class weights do not decide which pixels are hard. The mean over them is
    the weighted one, divided by the sum of their weights, so that a common
    factor of the weights changes nothing.

    It takes the place of mmseg's CrossEntropyLoss in a config:
    ``loss_decode=dict(type='BootstrappedCrossEntropyLoss')``.

    Args:
        min_kept: Least number of pixels of an image, 1 or more; those that
            have a label, where they are fewer.
        threshold: Cross-entropy in nats above which a pixel counts: at 0.3
            one whose class has a probability below 0.74.
        class_weight: Weight of each class, or a file that holds them, as in
            mmseg's CrossEntropyLoss.
        use_sigmoid: Must be False. Here because mmseg's base configs set
            it.
        loss_weight: Factor of the loss, 0 or more.
        loss_name: Name in the log; starts with 'loss_', or mmengine would
            not optimise it.

    Shape:
        - pred: logits (B, C, H, W), C at least 2
        - target: class ids or ``ignore_index``, (B, H, W)
        - output: scalar, float32 at least

    Raises:
        ValueError: If an argument is not among what is allowed.

    Reference:
        Wu, Shen, van den Hengel, Bridging Category-level and Instance-level
        Semantic Image Segmentation, 2016; PingoLH/FCHarDNet,
        ptsemseg/loss/loss.py, bootstrapped_cross_entropy2d.
    """

    def __init__(self,
                 min_kept: int = 4096,
                 threshold: float = 0.3,
                 class_weight: Optional[Union[Sequence[float], str]] = None,
                 use_sigmoid: bool = False,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_bootstrapped_ce') -> None:
        super().__init__()
        check_at_least(1, min_kept=min_kept)
        check_at_least(0, threshold=threshold, loss_weight=loss_weight)
        if use_sigmoid:
            raise ValueError('use_sigmoid=True: the loss is of a softmax '
                             'over two or more channels; set it to False')
        check_loss_name(loss_name)
        self.min_kept = min_kept
        self.threshold = threshold
        self.class_weight = get_class_weight(class_weight)
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
            weight: Must be None: a pixel sampler would choose again among
                what this loss chooses from.
            avg_factor: Must be None: the pixels chosen are the divisor.
            reduction_override: None or 'mean'.
            ignore_index: Value of pixels without a label.
            kwargs: Not used; mmseg's losses take any.
        """
        check_shapes(pred, target)
        if weight is not None or avg_factor is not None or (
                reduction_override not in (None, 'mean')):
            raise ValueError(
                'BootstrappedCrossEntropyLoss chooses its pixels itself and '
                'takes neither weight, avg_factor nor another reduction: '
                "leave the decode head's sampler away")
        pred = pred.to(torch.promote_types(pred.dtype, torch.float32))
        # (B, C, H, W) -> (B, H W)
        losses = F.cross_entropy(
            pred, target, reduction='none',
            ignore_index=ignore_index).flatten(1)
        labels = target.flatten(1)
        labelled = labels != ignore_index
        # below any loss, so that they come last
        order = losses.detach().masked_fill(~labelled, -1.0)
        kept = order > self.threshold
        hardest = order.topk(min(self.min_kept, order.shape[1])).indices
        hardest = torch.zeros_like(kept).scatter(1, hardest, True) & labelled
        few = kept.sum(1, keepdim=True) < self.min_kept
        factor = torch.where(few, hardest, kept).to(losses.dtype)
        if self.class_weight is not None:
            factor = factor * pred.new_tensor(
                self.class_weight)[labels.where(labelled, 0)]
        total = factor.sum(1)
        # no division by 0 where no pixel has a label, or all have weight 0
        means = (factor * losses).sum(1) / total.where(total > 0, 1)
        images = (total > 0).sum().clamp(min=1)
        return self.loss_weight * means.sum() / images

    @property
    def loss_name(self) -> str:
        """Name of the loss in the log."""
        return self._loss_name
