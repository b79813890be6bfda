"""Scaled dot-product attention, fused and written out."""
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mmseg_ext.basics.arguments import check_choice

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
        - key: (B, M, C)
        - value: (B, M, C'), C' at most C
        - output: (B, N, C')

    Raises:
        ValueError: If the backend is unknown, or ``num_heads`` does not
            divide the channels.

    Reference:
        Vaswani et al., Attention Is All You Need, 2017, equation 1.
    """
    check_choice('backend', backend, BACKENDS)
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
        parts = _parts_of_queries(query)
        if parts > 1:
            query = query.unflatten(2, (parts, -1)).flatten(1, 2)
            key, value = (
                x.repeat_interleave(parts, dim=1) for x in (key, value))
        # the CPU's fused kernel takes values of the keys' channels alone
        fewer = query.shape[-1] - value.shape[-1]
        out = F.scaled_dot_product_attention(
            query, key, F.pad(value, (0, fewer)) if fewer else value)
        if fewer:
            out = out[..., :-fewer]
        if parts > 1:  # (B, heads * parts, n, d) -> (B, heads, N, d)
            out = out.unflatten(1, (num_heads, parts)).flatten(2, 3)
    else:
        out = attention_probabilities(query, key) @ value
    return out.transpose(1, 2).flatten(2)  # (B, heads, N, d) -> (B, N, C)


def attention_probabilities(query: Tensor, key: Tensor) -> Tensor:
    """Return how much each query token attends to each key token.

    softmax(Q K^T / sqrt(d_k)), d_k the channels.

    Shape:
        - query: (B, heads, N, d_k)
        - key: (B, heads, M, d_k)
        - output: (B, heads, N, M)
    """
    scores = query @ key.transpose(-2, -1)  # (B, heads, N, M)
    return (scores / math.sqrt(query.shape[-1])).softmax(dim=-1)


def _parts_of_queries(query: Tensor) -> int:
    """Return into how many parts to split the queries, as further heads.

    The backward pass of a CPU's fused kernel gives each head of each image to
    one thread; the others would wait. No two queries depend on each other.

    Shape:
        - query: (B, heads, N, d)
    """
    if (query.device.type != 'cpu' or not query.requires_grad
            or torch.compiler.is_compiling()):
        return 1
    batch, heads, tokens, _ = query.shape
    least = math.ceil(torch.get_num_threads() / (batch * heads))
    parts = range(least, 2 * least + 1)
    return next((n for n in parts if tokens % n == 0), 1)
