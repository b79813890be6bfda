"""Dice coefficient between class probabilities and labels."""
from typing import Optional

import torch
from torch import Tensor


def soft_dice(prob: Tensor,
              labels: Tensor,
              weight: Optional[Tensor] = None,
              smooth: float = 0.0) -> tuple[Tensor, Tensor]:
    """Dice coefficient of each class, over all pixels of a batch at once.

    ::

        Dice_c = (2 sum_i w_i p_ic [y_i = c] + smooth)
                 / (sum_i w_i p_ic + sum_i w_i [y_i = c] + smooth)

    With hard probabilities, no smoothing and unit weights it is the F1
    score of the pixels.

    Args:
        prob: Class probabilities, 0 to 1.
        labels: True class ids, 0 to C - 1; any value where the weight is 0.
        weight: Weight of each pixel, 0 or more; 0 leaves it out. None
            counts every pixel once.
        smooth: Pixels added to both sides of the fraction, 0 or more.

    Returns:
        The coefficient of each class, and whether the class occurs: has a
        pixel of positive weight. A class that does not occur gets
        coefficient 0, without a gradient.

    Shape:
        - prob: (B, C, H, W)
        - labels, weight: (B, H, W)
        - output: (C,) and (C,)

    Reference:
        Milletari, Navab, Ahmadi, V-Net, 2016, section 3, with plain sums in
        place of the squares and the batch as one volume.
    """
    if weight is None:
        weight = torch.ones_like(labels, dtype=prob.dtype)
    weight = weight.unsqueeze(1)  # (B, H, W) -> (B, 1, H, W)
    classes = torch.arange(prob.shape[1], device=prob.device)
    truth = (labels.unsqueeze(1) == classes.view(-1, 1, 1)) * weight
    pixels = (0, 2, 3)
    true_size = truth.sum(pixels)
    size = (prob * weight).sum(pixels) + true_size + smooth
    occurs = true_size > 0
    # 0 / 0 would give the absent classes a gradient of nan.
    dice = (2 * (prob * truth).sum(pixels) + smooth) / size.where(occurs, 1)
    return dice.where(occurs, 0), occurs
