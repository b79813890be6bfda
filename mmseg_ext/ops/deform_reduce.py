"""Deformable convolutions of which only a sum is wanted, at its cost.

A deformable convolution reads every channel at every tap of every position.
Bilinear reading is linear and the same for all channels, so that a sum over
the positions, or over the output channels, may be taken before the reading:
then one map of fractions, or one map for each tap, takes the place of C.
"""
from typing import Optional

import torch
from torch import Tensor

from .deform_conv import run_in_float32
from .deform_conv_plain import neighbours


def deform_conv_mean(input: Tensor,
                     offset: Tensor,
                     weight: Tensor,
                     mask: Optional[Tensor] = None) -> Tensor:
    """Return the mean over all positions of a deformable convolution.

    Equal up to rounding to ``deform_conv2d(input, offset, weight,
    mask=mask, padding=k // 2).mean(dim=(2, 3))`` for an odd kernel of k x k
    taps. With S_k[q] the fraction of what tap k reads that comes from
    pixel q, averaged over the positions, it is ::

        sum_k W_k sum_q S_k[q] x[q]

    Args:
        input: Feature map.
        offset: Shift of each tap in pixels, (dy, dx) interleaved, the taps
            row by row.
        weight: Kernel.
        mask: Factor for each tap; None: 1.

    Shape:
        - input: (B, C, H, W)
        - offset: (B, 2 * k * k, H, W)
        - weight: (C', C, k, k)
        - mask: (B, k * k, H, W)
        - output: (B, C')
    """
    return run_in_float32(_mean, input, offset, weight, mask=mask)


def deform_conv_map(input: Tensor,
                    offset: Tensor,
                    weight: Tensor,
                    mask: Optional[Tensor] = None) -> Tensor:
    """Convolve to one channel, with a kernel for each image.

    Equal up to rounding to ``deform_conv2d(input[b:b + 1], offset[b:b + 1],
    weight[b:b + 1], mask=mask[b:b + 1], padding=k // 2)`` for every image b
    and an odd kernel of k x k taps. The channels are summed first, into a
    map for each tap, and each tap then reads its own.

    Args:
        input: Feature map.
        offset: See :func:`deform_conv_mean`.
        weight: Kernel of each image.
        mask: Factor for each tap; None: 1.

    Shape:
        - input: (B, C, H, W)
        - offset: (B, 2 * k * k, H, W)
        - weight: (B, C, k, k)
        - mask: (B, k * k, H, W)
        - output: (B, 1, H, W)
    """
    return run_in_float32(_map, input, offset, weight, mask=mask)


def _mean(input: Tensor, offset: Tensor, weight: Tensor, bias: None,
          mask: Optional[Tensor]) -> Tensor:
    index, fraction = _read(offset, mask, weight.shape[-1])
    batch, _, height, width = input.shape
    taps, pixels = fraction.shape[1], height * width
    mean = fraction.new_zeros(batch, taps, pixels)
    mean = mean.scatter_add(2, index, fraction) / pixels
    # (B, K, H W) x (B, H W, C) -> (B, K, C)
    samples = mean @ input.flatten(2).transpose(1, 2)
    return torch.einsum('bkc,ock->bo', samples, weight.flatten(2))


def _map(input: Tensor, offset: Tensor, weight: Tensor, bias: None,
         mask: Optional[Tensor]) -> Tensor:
    index, fraction = _read(offset, mask, weight.shape[-1])
    # (B, K, C) x (B, C, H W) -> (B, K, H W)
    maps = weight.flatten(2).transpose(1, 2) @ input.flatten(2)
    values = maps.gather(2, index) * fraction
    out = values.unflatten(2, (4, -1)).sum(dim=(1, 2))
    return out.view(input.shape[0], 1, *input.shape[2:])


def _read(offset: Tensor, mask: Optional[Tensor],
          kernel: int) -> tuple[Tensor, Tensor]:
    """Return which pixels each tap reads, and their fractions.

    Both (B, K, 4 H W), K = kernel * kernel: the first of a position's four
    pixels for all positions, then the second, and so on. Pixels are
    numbered row by row.
    """
    height, width = offset.shape[2:]
    taps = torch.arange(kernel, device=offset.device) - kernel // 2
    rows, columns = (torch.arange(size, device=offset.device)
                     for size in (height, width))
    regular = (  # (k, k, H, W) each, one of them broadcast
        (taps[:, None] + rows)[:, None, :, None],
        (taps[:, None] + columns)[None, :, None, :])
    # (B, 2 K, H, W) -> (B, k, k, 2, H, W)
    offset = offset.unflatten(1, (kernel, kernel, 2))
    (row, row_fraction), (column, column_fraction) = (
        neighbours(offset[:, :, :, i] + regular[i], size, dim=3)
        for i, size in enumerate((height, width)))
    if mask is not None:
        mask = mask.unflatten(1, (kernel, kernel, 1))
        row_fraction = row_fraction * mask
    # two rows x two columns: (B, k, k, 2, 2, H, W)
    index = row.unsqueeze(4) * width + column.unsqueeze(3)
    fraction = row_fraction.unsqueeze(4) * column_fraction.unsqueeze(3)
    return (index.flatten(3).flatten(1, 2), fraction.flatten(3).flatten(1, 2))
