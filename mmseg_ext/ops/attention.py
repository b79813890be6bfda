"""Scaled dot-product attention, fused and written out."""
import math

import torch.nn.functional as F
from torch import Tensor

BACKENDS = ('fused', 'plain')


def attend(query: Tensor,
           key: Tensor,
           value: Tensor,
           num_heads: int = 1,
           backend: str = 'fused') -> Tensor:
    """Attend from every query token to every key token.

    softmax(Q K^T / sqrt(d_k)) V, with d_k the channels of one head.

    Args:
        query: Query tokens.
        key: Key tokens.
        value: Value tokens, one for each key.
        num_heads: Number of heads that the channels are split into.
        backend: 'fused' never holds the (N, M) scores in memory; 'plain'
            writes the equation out. Equal up to rounding.

    Shape:
        - query: (B, N, C)
        - key, value: (B, M, C)
        - output: (B, N, C)

    Raises:
        ValueError: If the backend is unknown, or ``num_heads`` does not
            divide the channels.

    Reference:
        Vaswani et al., Attention Is All You Need, 2017, equation 1.
    """
    if backend not in BACKENDS:
        raise ValueError(f'backend={backend!r}: must be one of {BACKENDS}')
    channels = query.shape[-1]
    if num_heads < 1 or channels % num_heads:
        raise ValueError(f'num_heads={num_heads}: must divide the '
                         f'{channels} channels of the query')
    # (B, N, C) -> (B, heads, N, C / heads). The last dimension stays
    # contiguous: the CPU's fused kernel needs it, and falls back without it.
    query, key, value = (
        tokens.unflatten(-1, (num_heads, -1)).transpose(1, 2)
        for tokens in (query, key, value))
    if backend == 'fused':
        out = F.scaled_dot_product_attention(query, key, value)
    else:
        scores = query @ key.transpose(-2, -1)  # (B, heads, N, M)
        scores = scores / math.sqrt(query.shape[-1])
        out = scores.softmax(dim=-1) @ value
    return out.transpose(1, 2).flatten(2)  # (B, heads, N, d) -> (B, N, C)
