"""Attention from one map to another of a different scale."""
from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmseg_ext.ops import (
    attend,
    cosine_query_key,
    distance_query_key,
    grid_positions,
)
from mmseg_ext.ops.autocast import no_autocast

COSINE_SCALE = 10.0  # to begin with, and at most 100, as in Swin V2


def _resize(x: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    # interpolate warns about align_corners where it has no meaning
    align_corners = False if mode == 'bilinear' else None
    return F.interpolate(x, size, mode=mode, align_corners=align_corners)


def _to_tokens(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2)  # (B, C, H, W) -> (B, H * W, C)


class CrossScaleAttention(BaseModule):
    """Attend from a query map (target) to a key/value map (source).

    ::

        target (C) --------------------------> W_Q --> Q --+
                                                           +-- attend -> out
        source (C') -> 1x1 conv (C) -> W_K, W_V -> K, V ---+

    Args:
        target_channels: Channels C of the query map, and of the result.
        source_channels: Channels C' of the key/value map.
        num_heads: Number of attention heads; must divide C.
        upsample: Enlarge the smaller map to the larger one's grid before
            the attention, as the paper's text says: None (do not),
            'nearest' or 'bilinear'.
        attention: 'fused' or 'plain', see :func:`mmseg_ext.ops.attend`.
        pre_norm: Normalise the channels of both maps first (LayerNorm).
        out_proj: Pass the result through one more linear layer.
        qk_norm: Score by the cosine of query and key, times a number for
            each head that is learned, in place of their scaled product.
        distance_bias: Standard deviation, in cells of the coarser map, of a
            Gaussian over the distance of query and key by which the
            attention is weighed; learned for each head from here. None:
            a key's place does not count.
        gate: Multiply the result with a number for each channel that is
            learned from here, such as 0 or 1e-2. None: do not.
        init_cfg: Initialisation, see mmengine's BaseModule.

    Shape:
        - target: (B, C, H, W)
        - source: (B, C', H', W')
        - output: (B, C, H, W)

    Reference:
        Byeon et al., 2025, equation 1. The last three options are not the
        paper's; the gate is LayerScale of Touvron et al., Going deeper with
        Image Transformers, 2021, equation 4.
    """

    def __init__(self,
                 target_channels: int,
                 source_channels: int,
                 num_heads: int = 1,
                 upsample: Optional[str] = None,
                 attention: str = 'fused',
                 pre_norm: bool = False,
                 out_proj: bool = False,
                 qk_norm: bool = False,
                 distance_bias: Optional[float] = None,
                 gate: Optional[float] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        channels = target_channels
        self.num_heads = num_heads
        self.upsample = upsample
        self.attention = attention
        self.target_norm = (
            nn.LayerNorm(target_channels) if pre_norm else nn.Identity())
        self.source_norm = (
            nn.LayerNorm(source_channels) if pre_norm else nn.Identity())
        # The paper's 1x1 convolution, on tokens: the same matrix.
        self.adapt = nn.Linear(source_channels, channels)
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        self.proj = (
            nn.Linear(channels, channels) if out_proj else nn.Identity())
        self.log_scale = self.log_width = self.gate = None
        if qk_norm:
            self.log_scale = nn.Parameter(
                torch.full((num_heads, ), COSINE_SCALE).log())
        if distance_bias is not None:
            self.log_width = nn.Parameter(
                torch.full((num_heads, ), float(distance_bias)).log())
        if gate is not None:
            self.gate = nn.Parameter(torch.full((channels, ), float(gate)))

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        (query, key, value), (grid, _) = self.project(target, source)
        if self.log_width is None:
            out = attend(query, key, value, self.num_heads, self.attention)
        else:  # in half precision nothing of the distances would be left
            with no_autocast(query.device.type):
                out = attend(query, key, value.to(query.dtype),
                             self.num_heads, self.attention).to(value.dtype)
        return self.to_map(out, grid, target.shape[2:])

    def project(
        self, target: Tensor, source: Tensor
    ) -> tuple[tuple[Tensor, Tensor, Tensor],
               tuple[tuple[int, int], tuple[int, int]]]:
        """Return what is compared: query, key and value tokens.

        Returns:
            Query (B, N, D), key (B, M, D) and value tokens (B, M, C), where
            D is C, and three more for each head where distances count; and
            the grids, (height, width), of the queries and of the keys.
        """
        grid, key_grid = target.shape[2:], source.shape[2:]
        coarser = min(grid, key_grid)
        # Pointwise layers commute with up-sampling (its weights sum to 1),
        # so the maps are enlarged last, where they are narrowest.
        # (B, C, H, W) -> (B, H * W, C)
        query = self.query(self.target_norm(_to_tokens(target)))
        # (B, C', H', W') -> (B, H' * W', 2 * C)
        key_value = self.key_value(
            self.adapt(self.source_norm(_to_tokens(source))))
        if self.upsample is not None:
            larger = max(grid, key_grid)
            query = self._enlarge(query, grid, larger)
            key_value = self._enlarge(key_value, key_grid, larger)
            grid = key_grid = larger
        key, value = key_value.chunk(2, dim=-1)
        if self.log_scale is not None:
            query, key = cosine_query_key(
                query, key, self.log_scale.exp().clamp(max=100))
        if self.log_width is not None:
            with no_autocast(query.device.type):
                query, key = distance_query_key(
                    query, key,
                    grid_positions(grid, coarser, query.device),
                    grid_positions(key_grid, coarser, query.device),
                    self.log_width.exp())
        return (query, key, value), (grid, key_grid)

    def to_map(self, tokens: Tensor, tokens_grid: tuple[int, int],
               grid: tuple[int, int]) -> Tensor:
        """Return what tokens give, (B, N, C) -> (B, C, H, W) on ``grid``."""
        out = self.proj(tokens)
        if self.gate is not None:
            out = out * self.gate
        out = out.transpose(1, 2)
        out = out.unflatten(2, tokens_grid)  # (B, C, N) -> (B, C, H, W)
        if tokens_grid != grid:
            # Back onto the target's own grid.
            out = F.adaptive_avg_pool2d(out, grid)
        return out

    def _enlarge(self, tokens: Tensor, grid: tuple[int, int],
                 size: tuple[int, int]) -> Tensor:
        """(B, H * W, C) on ``grid`` -> (B, H' * W', C) on ``size``."""
        if grid == size:
            return tokens
        x = tokens.transpose(1, 2).unflatten(2, grid)
        return _to_tokens(_resize(x, size, self.upsample)).contiguous()
