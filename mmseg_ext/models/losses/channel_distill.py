"""Where a teacher sees each class."""
from typing import Optional

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from ._logit_distill import LogitDistillLoss


@MODELS.register_module()
class ChannelDistillLoss(LogitDistillLoss):
    """Kullback-Leibler divergence of the positions in each channel (CWD).

    ::

        T^2 / (B C) * sum of KL(softmax(t / T) || softmax(s / T))

    of the teacher's logits t and the student's s, the softmax over all
    positions of a channel. Pixels that are not valid are left out of both,
    and an image without a valid pixel has no part in the mean.

    Args:
        temperature: T, above 0.
        loss_weight: Factor of the loss, 0 or more; the paper's for logits is
            3.
        loss_name: Name in the log; starts with 'loss_', or mmengine would
            not optimise it.

    Shape:
        - student, teacher: logits (B, C, H, W)
        - valid: (B, H, W)
        - weight: (B, )
        - output: scalar, float32 at least

    Raises:
        ValueError: If an argument is not among what is allowed.

    Reference:
        Shu et al., Channel-wise Knowledge Distillation for Dense Prediction,
        2021, equations 4 and 5. The paper leaves no pixel out.
    """

    def __init__(self,
                 temperature: float = 4.0,
                 loss_weight: float = 3.0,
                 loss_name: str = 'loss_kd') -> None:
        super().__init__(temperature, loss_weight, loss_name)

    def forward(self,
                student: Tensor,
                teacher: Tensor,
                valid: Optional[Tensor] = None,
                weight: Optional[Tensor] = None) -> Tensor:
        """Return the loss of a batch.

        Args:
            student: Logits that learn.
            teacher: Logits to learn.
            valid: Whether a pixel counts; None: all do.
            weight: Of each image; None: 1.
        """
        # half precision does not hold sums over the pixels
        dtype = torch.promote_types(student.dtype, torch.float32)
        if valid is None:
            valid = student.new_ones(
                (len(student), *student.shape[2:]), dtype=torch.bool)
        used = valid.flatten(1).any(1)
        # a softmax over nothing would be nan, and its gradient too
        ignored = ~(valid | ~used[:, None, None]).flatten(1)[:, None]
        own, taught = (
            (logits.flatten(2).to(dtype) / self.temperature).masked_fill(
                ignored, -torch.inf).log_softmax(2).masked_fill(ignored, 0)
            for logits in (student, teacher))
        # (B, C, H W) -> (B, )
        losses = F.kl_div(own, taught, reduction='none', log_target=True)
        losses = losses.masked_fill(ignored, 0).sum(2).mean(1)
        factor = used.to(dtype)
        if weight is not None:
            factor = factor * weight
        mean = (losses * factor).sum() / used.sum().clamp(min=1)
        return self.loss_weight * self.temperature**2 * mean
