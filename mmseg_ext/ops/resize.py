"""Resizing as matrix products."""
from collections.abc import Sequence
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from .autocast import no_autocast
from .blocks import channel_blocks, in_blocks


def add_resized_(out: Tensor,
                 maps: Sequence[Tensor],
                 mode: str = 'bilinear',
                 align_corners: Optional[bool] = None) -> Tensor:
    """Resize maps to the size of another one and add them to it, in place.

    On a CPU resizing works on rows and columns one after the other, each
    time as a matrix: R_i X_i C_i. The last products of all maps and their
    sum are one, [R_1 X_1 ... R_n X_n] [C_1; ...; C_n]. Its gradient takes
    half of the time that those of ``F.interpolate`` take.

    Args:
        out: The map that is added to.
        maps: Any number of maps.
        mode: Of ``F.interpolate``, any for two dimensions.
        align_corners: Of ``F.interpolate``.

    Shape:
        - out, output: (B, C, H, W)
        - maps: (B, C, H_i, W_i)
    """
    if not maps:
        return out
    maps = [x.to(out.dtype) for x in maps]
    with no_autocast(out.device.type):
        # a compiler fuses these, and cannot change a tensor in a Function
        if torch.compiler.is_compiling() or not in_blocks(out):
            for x in maps:
                out += F.interpolate(
                    x, out.shape[2:], mode=mode, align_corners=align_corners)
            return out
        return _AddResized.apply(mode, align_corners, out, *maps)


class _AddResized(Function):

    @staticmethod
    def forward(ctx, mode: str, align_corners: Optional[bool], out: Tensor,
                *maps: Tensor) -> Tensor:
        ctx.sizes = [x.shape[2:] for x in maps]
        ctx.options = (mode, align_corners)
        ctx.mark_dirty(out)
        by_rows, by_columns = _matrices(out, ctx.sizes, *ctx.options)
        for _, result, *small in channel_blocks(out, *maps):
            rows = [by.T @ x for by, x in zip(by_rows, small)]
            # (c, H, sum of W_i) x (sum of W_i, W)
            result += torch.cat(rows, dim=-1) @ by_columns
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Optional[Tensor], ...]:
        by_rows, by_columns = _matrices(grad, ctx.sizes, *ctx.options)
        widths = [width for _, width in ctx.sizes]
        grads = [grad.new_empty(*grad.shape[:2], *size) for size in ctx.sizes]
        for _, upper, *small in channel_blocks(grad, *grads):
            rows = (upper @ by_columns.T).split(widths, dim=-1)
            for out, by, x in zip(small, by_rows, rows):
                # (H_i, H) x (c, H, W_i)
                torch.matmul(by, x, out=out)
        return None, None, grad, *grads


def _matrices(like: Tensor, sizes: Sequence[tuple[int, int]], mode: str,
              align_corners: Optional[bool]) -> tuple[list[Tensor], Tensor]:
    """Return R_i^T, (H_i, H), of each map, and C, (sum of W_i, W)."""
    rows, columns = (
        [_resize_matrix(like, old, new, mode, align_corners) for old in olds]
        for olds, new in zip(zip(*sizes), like.shape[2:]))
    return rows, torch.cat(columns)


def _resize_matrix(like: Tensor, old: int, new: int, mode: str,
                   align_corners: Optional[bool]) -> Tensor:
    """Return the matrix (old, new) that resizes a row from the right."""
    identity = torch.eye(old, dtype=like.dtype, device=like.device)
    return F.interpolate(
        identity[None, None], (old, new),
        mode=mode,
        align_corners=align_corners)[0, 0]
