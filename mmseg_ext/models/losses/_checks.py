"""Checks that the losses of pixels share."""
from typing import Optional

from torch import Tensor


def check_loss_name(loss_name: str) -> None:
    """Raise ValueError if mmengine would not optimise a loss of this name."""
    if not loss_name.startswith('loss_'):
        raise ValueError(f"loss_name={loss_name!r}: must start with "
                         "'loss_', or it would not be optimised")


def check_temperature(temperature: float) -> None:
    """Raise ValueError if a softmax cannot have this temperature."""
    if not 0 < temperature < float('inf'):
        raise ValueError(f'temperature={temperature!r}: must be above 0; '
                         'usual are 1 to 8')


def check_shapes(pred: Tensor, target: Tensor,
                 weight: Optional[Tensor] = None) -> None:
    """Raise ValueError if logits, labels and weights do not match.

    Shape:
        - pred: (B, C, H, W), C at least 2
        - target, weight: (B, H, W)
    """
    if pred.dim() != 4 or pred.shape[1] < 2:
        raise ValueError(
            f'pred has shape {tuple(pred.shape)}: must be (B, C, H, W) with '
            'two or more channels. For one foreground class leave the '
            "decode head's out_channels away, which gives two.")
    batch, _, height, width = pred.shape
    expected = (batch, height, width)
    for name, value in (('target', target), ('weight', weight)):
        if value is not None and value.shape != expected:
            raise ValueError(f'{name} has shape {tuple(value.shape)}: must '
                             f'be {expected}, as pred without its channels')
