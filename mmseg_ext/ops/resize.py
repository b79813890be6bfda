"""Resizing as matrix products."""
from collections.abc import Sequence
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor


def add_resized_(out: Tensor,
                 maps: Sequence[Tensor],
                 mode: str = 'bilinear',
                 align_corners: Optional[bool] = None) -> Tensor:
    """Resize maps to the size of another one and add them to it, in place.

    Resizing works on rows and columns one after the other, each time as a
    matrix: R_i X_i C_i. The last products of all maps and their sum are
    one, [R_1 X_1 ... R_n X_n] [C_1; ...; C_n]. Its gradient costs half of
    that of ``F.interpolate``.

    Args:
        out: The map that is added to.
        maps: One or more.
        mode: Of ``F.interpolate``, any for two dimensions.
        align_corners: Of ``F.interpolate``.

    Shape:
        - out, output: (B, C, H, W)
        - maps: (B, C, H_i, W_i)
    """
    height, width = out.shape[2:]
    rows, columns = [], []
    for x in maps:
        by_rows, by_columns = (
            _resize_matrix(x, old, new, mode, align_corners)
            for old, new in zip(x.shape[2:], (height, width)))
        rows.append(by_rows.T @ x)
        columns.append(by_columns)
    rows = torch.cat(rows, dim=-1).flatten(0, 1)  # (B * C, H, sum of W_i)
    columns = torch.cat(columns).to(rows.dtype).expand(len(rows), -1, -1)
    out.flatten(0, 1).baddbmm_(rows.to(out.dtype), columns.to(out.dtype))
    return out


def _resize_matrix(like: Tensor, old: int, new: int, mode: str,
                   align_corners: Optional[bool]) -> Tensor:
    """Return the matrix (old, new) that resizes a row from the right."""
    identity = torch.eye(old, dtype=like.dtype, device=like.device)
    return F.interpolate(
        identity[None, None], (old, new),
        mode=mode,
        align_corners=align_corners)[0, 0]
