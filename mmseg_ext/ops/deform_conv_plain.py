"""Deformable convolution in plain PyTorch: any device, and exportable.

The four pixels around every tap are summed with their bilinear weights,
then one matrix product does the rest.
"""
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor

IntPair = tuple[int, int]


def deform_conv2d_plain(input: Tensor, offset: Tensor, weight: Tensor,
                        bias: Optional[Tensor], mask: Optional[Tensor],
                        stride: IntPair, padding: IntPair,
                        dilation: IntPair) -> Tensor:
    """Run ``deform_conv2d`` on arguments that it has checked.

    All of one type, float32 or float64, and all pairs (y, x).
    """
    batch, channels, height, width = input.shape
    out_channels, kernel = weight.shape[0], weight.shape[2:]
    out_size = offset.shape[2:]
    pixels, taps = out_size[0] * out_size[1], kernel[0] * kernel[1]
    deformable = offset.shape[1] // (2 * taps)

    # (B, 2 D K, H', W') -> (B, H', W', kh, kw, D, 2)
    offset = offset.unflatten(1, (deformable, *kernel, 2))
    offset = offset.permute(0, 5, 6, 2, 3, 1, 4)
    nodes, fractions = [], []
    for i, size in enumerate((height, width)):
        position = offset[..., i] + _regular(
            i, out_size[i], kernel[i], stride[i], padding[i], dilation[i],
            input.device)
        node, fraction = neighbours(position, size)
        nodes.append(node)
        fractions.append(fraction)
    if mask is not None:
        mask = mask.unflatten(1, (deformable, *kernel))
        fractions[0] = fractions[0] * mask.permute(0, 4, 5, 2, 3, 1)[..., None]
    # two rows x two columns -> four neighbours, the last dimension
    fraction = (fractions[0][..., :, None] *
                fractions[1][..., None, :]).flatten(-2)
    index = (nodes[0][..., :, None] * width +
             nodes[1][..., None, :]).flatten(-2)
    # (B, C, H, W) -> (B, D, H W, C / D) -> one table, a row for a pixel
    rows = input.flatten(2).unflatten(1, (deformable, -1))
    rows = rows.transpose(2, 3).flatten(0, 2)
    first = torch.arange(batch * deformable, device=input.device)
    index = index + (first * (height * width)).view(
        batch, 1, 1, 1, 1, deformable, 1)

    samples = _weighted_rows(rows, index.view(-1, 4), fraction.view(-1, 4))
    samples = samples.view(batch * pixels, taps, channels)
    return _multiply(samples, weight, bias).view(
        batch, *out_size, out_channels).permute(0, 3, 1, 2).contiguous()


def _regular(axis: int, out_size: int, kernel: int, stride: int,
             padding: int, dilation: int, device: torch.device) -> Tensor:
    """Return where the taps lie along one axis without offsets, in pixels.

    Integers, so that an offset is rounded once, as the compiled ones do.
    """
    start = torch.arange(out_size, device=device) * stride - padding
    taps = torch.arange(kernel, device=device) * dilation
    shape = [1] * 6  # (B, H', W', kh, kw, D)
    shape[1 + axis], shape[3 + axis] = out_size, kernel
    return (start[:, None] + taps).view(shape)


def neighbours(position: Tensor,
               size: int,
               dim: int = -1) -> tuple[Tensor, Tensor]:
    """Return the two pixels next to each position, and their fractions.

    The fractions are the weights of linear interpolation. Both come along a
    new dimension ``dim``. A pixel outside the input has fraction 0; its
    index is moved inside. Not by ``F.grid_sample``: it scales positions
    to -1..1, which can move a whole number to the other side of a pixel,
    where the slope differs.
    """
    position = position.clamp(-2, size + 1)  # infinity is outside, not NaN
    low = position.detach().floor()
    fraction = position - low
    nodes = torch.stack((low, low + 1), dim=dim)
    fractions = torch.stack((1 - fraction, fraction), dim=dim)
    inside = (nodes >= 0) & (nodes < size)
    return nodes.long().clamp(0, size - 1), fractions * inside


def _weighted_rows(rows: Tensor, index: Tensor,
                   fraction: Tensor) -> Tensor:
    """Return sum_i fraction[n, i] * rows[index[n, i]] for every n."""
    constant = fraction.requires_grad and not rows.requires_grad
    if tracing() or constant:
        # What exporters know; a compiler fuses it. And torch 2.4's
        # embedding_bag fails if only the fractions need a gradient.
        return sum(rows[index[:, i]] * fraction[:, i, None] for i in range(4))
    # one pass, which does not hold the four neighbours
    return F.embedding_bag(
        index, rows, mode='sum', per_sample_weights=fraction)


def _multiply(samples: Tensor, weight: Tensor,
              bias: Optional[Tensor]) -> Tensor:
    """Multiply samples (N, K, C) with the kernel: (N, C')."""
    groups = samples.shape[2] // weight.shape[1]
    # (N, K, C) -> (G, N, K C / G)
    samples = samples.unflatten(2, (groups, -1))
    samples = samples.permute(2, 0, 1, 3).flatten(2)
    # (C', C / G, kh, kw) -> (G, K C / G, C' / G)
    weight = weight.flatten(2).unflatten(0, (groups, -1))
    weight = weight.permute(0, 3, 2, 1).flatten(1, 2)
    out = torch.bmm(samples, weight)  # (G, N, C' / G)
    out = out.transpose(0, 1).flatten(1)
    return out if bias is None else out + bias


def tracing() -> bool:
    """Whether operations become a graph, which may leave this process."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()
