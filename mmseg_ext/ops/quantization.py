"""Affine quantization of numbers to eight bits, and back.

What an integer stands for is ``scale * (q - zero_point)``. Zero is one of
these numbers, so that padding with zeros stays exact.
"""
import torch
from torch import Tensor

LEVELS = 255  # steps of eight bits
INT8 = 127  # the largest, with as many below 0


def affine_parameters(low: float, high: float) -> tuple[float, int]:
    """Return the scale and the zero point of a range.

    Args:
        low: Smallest number. The range is widened to hold 0.
        high: Largest number.

    Returns:
        The step from one integer to the next, and the integer that stands
        for 0, from 0 to 255.

    Raises:
        ValueError: If ``low`` is above ``high`` or one is no number.
    """
    if not low <= high or low == -torch.inf or high == torch.inf:
        raise ValueError(f'low={low}, high={high}: must be two finite '
                         'numbers, the smaller one first')
    low, high = min(low, 0.), max(high, 0.)
    scale = (high - low) / LEVELS or 1.  # nothing but zeros: any
    return scale, round(-low / scale)


def symmetric_scale(weight: Tensor, axis: int = 0) -> Tensor:
    """Return the step of signed eight bits for each output channel.

    Args:
        weight: Of a convolution or a linear layer.
        axis: Of its output channels.

    Returns:
        Of as many axes as ``weight``, all but ``axis`` of length 1.
    """
    others = [i for i in range(weight.ndim) if i != axis]
    largest = weight.abs().amax(others, keepdim=True)
    return torch.where(largest > 0, largest / INT8, torch.ones_like(largest))


def quantize(x: Tensor, scale: float | Tensor, zero_point: int = 0,
             low: int = 0, high: int = LEVELS) -> Tensor:
    """Return the integer next to each number, int32.

    Args:
        x: Numbers.
        scale: Step from one integer to the next.
        zero_point: Integer that stands for 0.
        low: Smallest integer; -127 for signed weights.
        high: Largest integer; 127 for signed weights.
    """
    return ((x / scale).round() + zero_point).clamp(low, high).int()


def dequantize(q: Tensor, scale: float | Tensor,
               zero_point: int = 0) -> Tensor:
    """Return what integers stand for.

    Within the range that the scale was made for it is at most half of a
    scale away from the number that was quantized.
    """
    return (q - zero_point) * scale


def quantize_from_low(x: Tensor, low: float, high: float) -> Tensor:
    """Return integers that count from the smallest number, int32.

    q = round((x - low) / scale), as the formula is often printed. No integer
    stands for 0 unless by chance: a convolution that pads with zeros pads
    with something else. Kept for comparison.
    """
    return ((x - low) / ((high - low) / LEVELS)).round().int()


def dequantize_from_low(q: Tensor, low: float, high: float) -> Tensor:
    """Return what integers of :func:`quantize_from_low` stand for."""
    return q * ((high - low) / LEVELS) + low
