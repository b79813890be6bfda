"""What a teacher says of each pixel."""
from typing import Optional

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from ._logit_distill import LogitDistillLoss


@MODELS.register_module()
class PixelDistillLoss(LogitDistillLoss):
    """Kullback-Leibler divergence of the classes at each pixel.

    ::

        T^2 / |V| * sum over V of KL(softmax(t / T) || softmax(s / T))

    of the teacher's logits t and the student's s, over the valid pixels V.
    T^2 keeps the gradients' size as T changes.

    Where defects are a thousandth of the pixels the mean is one of the
    background. ``balanced`` takes the mean over the pixels of each class that
    the teacher finds, and then over these classes.

    Args:
        temperature: T, above 0; the higher, the more the unlikely classes
            count. Of images 4 is usual; of pixels it lets the gradient of
            the many drown a rare class, and 1 is.
        loss_weight: Factor of the loss, 0 or more.
        loss_name: Name in the log; starts with 'loss_', or mmengine would
            not optimise it.
        balanced: Whether classes count the same, however many pixels the
            teacher gives them.

    Shape:
        - student, teacher: logits (B, C, H, W), C at least 2
        - valid: (B, H, W)
        - weight: (B, )
        - output: scalar, float32 at least

    Raises:
        ValueError: If an argument is not among what is allowed.

    Reference:
        Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network,
        2015, section 2; T = 1: Liu et al., Structured Knowledge Distillation
        for Semantic Segmentation, 2019, equation 1. Balanced as the
        cross-entropy of Xie, Tu, Holistically-Nested Edge Detection, 2015,
        equation 2, by the classes of the teacher.
    """

    def __init__(self,
                 temperature: float = 1.0,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_kd',
                 balanced: bool = False) -> None:
        super().__init__(temperature, loss_weight, loss_name)
        self.balanced = balanced

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
        own, taught = (
            (logits.to(dtype) / self.temperature).log_softmax(1)
            for logits in (student, teacher))
        # (B, C, H, W) -> (B, H, W)
        losses = F.kl_div(own, taught, reduction='none',
                          log_target=True).sum(1)
        counted = torch.ones_like(losses)
        if valid is not None:
            counted = valid.to(dtype)
        if self.balanced:
            counted = counted * _class_weights(teacher, counted)
        losses = losses * counted
        if weight is not None:
            losses = losses * weight.to(dtype)[:, None, None]
        # no division by 0 where no pixel is valid; weights may sum to less
        # than 1, but then all are 0
        total = counted.sum()
        mean = losses.sum() / torch.where(total > 0, total, 1)
        return self.loss_weight * self.temperature**2 * mean


def _class_weights(teacher: Tensor, counted: Tensor) -> Tensor:
    """Return a factor of each pixel that lets classes count the same.

    (B, C, H, W), (B, H, W) -> (B, H, W)
    """
    classes = teacher.argmax(1)
    # (B, H, W) -> (C, )
    sizes = counted.new_zeros(teacher.shape[1]).index_add(
        0, classes.flatten(), counted.flatten())
    return 1 / sizes.clamp(min=1)[classes]
