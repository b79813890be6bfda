"""Other scores for an attention, as queries and keys of the usual one.

Every function returns tokens whose scaled dot products, Q K^T / sqrt(d_k),
are the scores that it stands for: fused kernels take them as they are.
"""
import math

import torch
import torch.nn.functional as F
from torch import Tensor


def cosine_query_key(query: Tensor, key: Tensor,
                     scale: Tensor) -> tuple[Tensor, Tensor]:
    """Score a query and a key by the cosine of their angle.

    scale * cos(q, k), which is at most ``scale`` however large the maps are.

    Args:
        query: Query tokens.
        key: Key tokens.
        scale: One positive number for each head.

    Shape:
        - query: (B, N, C)
        - key: (B, M, C)
        - scale: (heads,)
        - output: as query and key

    Reference:
        Liu et al., Swin Transformer V2, 2022, equation 2.
    """
    heads = len(scale)
    query, key = (
        F.normalize(tokens.unflatten(-1, (heads, -1)), dim=-1)
        for tokens in (query, key))
    query = query * (scale * math.sqrt(query.shape[-1])).unsqueeze(-1)
    return query.flatten(2), key.flatten(2)


def distance_query_key(query: Tensor, key: Tensor, positions: Tensor,
                       key_positions: Tensor,
                       width: Tensor) -> tuple[Tensor, Tensor]:
    r"""Lower the score of keys that are far from the query.

    q k / sqrt(d_k) - |p - p'|^2 / (2 width^2), up to a number that all keys
    of a query share and the softmax therefore leaves out. With

    .. math:: -\frac{|p - p'|^2}{2 w^2} = \frac{2 p \cdot p' - |p'|^2}{2 w^2}
              - \frac{|p|^2}{2 w^2}

    that is three more channels of each head, and no (N, M) bias.

    Args:
        query: Query tokens.
        key: Key tokens.
        positions: p of the queries, about the middle of the map.
        key_positions: p' of the keys, in the same unit.
        width: Standard deviation in that unit, one for each head.

    Shape:
        - query: (B, N, C)
        - key: (B, M, C)
        - positions: (N, 2)
        - key_positions: (M, 2)
        - width: (heads,)
        - output: (B, N, C + 3 * heads), (B, M, C + 3 * heads), float32 or
          higher: the terms cancel each other.
    """
    heads = len(width)
    query, key = (tokens.unflatten(-1, (heads, -1)) for tokens in (query, key))
    channels = query.shape[-1]
    dtype = torch.promote_types(query.dtype, torch.float32)
    # what attend will divide by
    root = math.sqrt(channels + 3)
    sharpness = width.to(dtype)[:, None]**-2  # (heads, 1)
    ones = positions.new_ones(len(positions), heads, 1)
    near = positions[:, None] * sharpness  # (N, heads, 2)
    query = torch.cat([
        query.to(dtype) * (root / math.sqrt(channels)),
        *(_for_batch(x, query, dtype) for x in (near * root, ones * root))
    ], dim=-1)
    there = key_positions[:, None].expand(-1, heads, -1)
    far = key_positions.square().sum(-1)[:, None, None] * sharpness / -2
    key = torch.cat([
        key.to(dtype), *(_for_batch(x, key, dtype) for x in (there, far))
    ], dim=-1)
    return query.flatten(2), key.flatten(2)


def _for_batch(x: Tensor, tokens: Tensor, dtype: torch.dtype) -> Tensor:
    """(N, heads, c) -> (B, N, heads, c) with the batch of the tokens."""
    return x.to(dtype).expand(len(tokens), -1, -1, -1)


def grid_positions(grid: tuple[int, int], unit: tuple[int, int],
                   device: torch.device) -> Tensor:
    """Return where the middles of a grid's cells are, row by row.

    Args:
        grid: (height, width) in cells.
        unit: (height, width) of another grid over the same picture, whose
            cells are the unit of length.
        device: Where the numbers are needed.

    Returns:
        (height * width, 2), (y, x) from the middle of the picture.
    """
    axes = [
        ((torch.arange(cells, device=device) + 0.5) / cells - 0.5) * others
        for cells, others in zip(grid, unit)
    ]
    return torch.stack(torch.meshgrid(*axes, indexing='ij'),
                       dim=-1).flatten(0, 1)
