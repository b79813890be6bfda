"""How much a pseudo-label is to be trusted."""
from typing import Optional

from torch import Tensor


def confidence_weight(confidence: Tensor, threshold: float,
                      valid: Optional[Tensor] = None) -> Tensor:
    """Return the fraction of each image's pixels that is confident enough.

    Args:
        confidence: Highest probability of each pixel.
        threshold: What counts as confident is above it, tau in the papers.
        valid: Pixels that count; None: all.

    Shape:
        - confidence: (B, H, W)
        - valid: (B, H, W), bool
        - output: (B, ), 0 to 1; 0 where no pixel counts

    Reference:
        Tranheden et al., DACS, 2021; Hoyer et al., DAFormer, 2022,
        equation 4 (q).
    """
    sure = confidence > threshold
    if valid is None:
        return sure.float().mean((1, 2))
    counted = valid.sum((1, 2)).clamp(min=1)
    return (sure & valid).sum((1, 2)) / counted
