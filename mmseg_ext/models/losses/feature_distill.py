"""What a teacher's features look like, whatever their size."""
from typing import Optional

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_at_least

from ._checks import check_loss_name


@MODELS.register_module()
class FeatureDistillLoss(nn.Module):
    """Mean squared difference of two maps, normalised at each position.

    The student's map is resized to the teacher's size, and both are brought
    to mean 0 and variance 1 over the channels of each position, so that
    their magnitudes have no part.

    Args:
        loss_weight: Factor of the loss, 0 or more.
        loss_name: Name in the log; starts with 'loss_', or mmengine would
            not optimise it.

    Shape:
        - student: (B, C, h, w), projected to the teacher's channels
        - teacher: (B, C, H, W)
        - weight: (B, )
        - output: scalar, float32 at least

    Raises:
        ValueError: If an argument is not among what is allowed.

    Reference:
        Liu et al., Normalized Feature Distillation for Semantic
        Segmentation, 2022 (the normalisation).
    """

    def __init__(self,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_feature') -> None:
        super().__init__()
        check_at_least(0, loss_weight=loss_weight)
        check_loss_name(loss_name)
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self,
                student: Tensor,
                teacher: Tensor,
                weight: Optional[Tensor] = None) -> Tensor:
        """Return the loss of a batch.

        Args:
            student: Map that learns.
            teacher: Map to learn.
            weight: Of each image; None: 1.
        """
        dtype = torch.promote_types(student.dtype, torch.float32)
        student, teacher = student.to(dtype), teacher.to(dtype)
        if student.shape[2:] != teacher.shape[2:]:
            student = F.interpolate(
                student, teacher.shape[2:], mode='bilinear',
                align_corners=False)
        # (B, C, H, W) -> (B, H, W, C) -> (B, )
        own, taught = (
            F.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1], ))
            for x in (student, teacher))
        losses = F.mse_loss(own, taught, reduction='none').flatten(1).mean(1)
        if weight is not None:
            losses = losses * weight.to(dtype)
        return self.loss_weight * losses.mean()

    @property
    def loss_name(self) -> str:
        """Name of the loss in the log."""
        return self._loss_name
