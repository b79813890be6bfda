"""Cross-attention between neighbouring scales of a feature pyramid."""
from collections.abc import Sequence
from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_channels, check_choice
from mmseg_ext.ops import attend
from mmseg_ext.ops.attention import BACKENDS

DIRECTIONS = ('forward', 'backward')
INTEGRATIONS = ('concat', 'add')
KV_UPSAMPLES = (None, 'nearest', 'bilinear')


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
        init_cfg: Initialisation, see mmengine's BaseModule.

    Shape:
        - target: (B, C, H, W)
        - source: (B, C', H', W')
        - output: (B, C, H, W)

    Reference:
        Byeon et al., 2025, equation 1.
    """

    def __init__(self,
                 target_channels: int,
                 source_channels: int,
                 num_heads: int = 1,
                 upsample: Optional[str] = None,
                 attention: str = 'fused',
                 pre_norm: bool = False,
                 out_proj: bool = False,
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

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        tokens, (grid, _) = self.project(target, source)
        out = attend(*tokens, self.num_heads, self.attention)
        return self.to_map(out, grid, target.shape[2:])

    def project(
        self, target: Tensor, source: Tensor
    ) -> tuple[tuple[Tensor, Tensor, Tensor],
               tuple[tuple[int, int], tuple[int, int]]]:
        """Return what is compared: query, key and value tokens.

        Returns:
            Query (B, N, C), key and value (B, M, C); and the grids,
            (height, width), of the queries and of the keys.
        """
        grid, key_grid = target.shape[2:], source.shape[2:]
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
        return (query, *key_value.chunk(2, dim=-1)), (grid, key_grid)

    def to_map(self, tokens: Tensor, tokens_grid: tuple[int, int],
               grid: tuple[int, int]) -> Tensor:
        """Return what tokens give, (B, N, C) -> (B, C, H, W) on ``grid``."""
        out = self.proj(tokens).transpose(1, 2)
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


@MODELS.register_module()
class MultiScaleCrossAttentionNeck(BaseModule):
    """Attend from each scale of a backbone to its neighbour, before decoding.

    ``direction='forward'``, ``integration='concat'`` (the proposed model)::

        F4  --+------------------------------> cat --> 2 * C4
              +--> attend(Q=F4,  KV=F8)  --^
        F8  --+------------------------------> cat --> 2 * C8
              +--> attend(Q=F8,  KV=F16) --^
        F16 --+------------------------------> cat --> 2 * C16
              +--> attend(Q=F16, KV=F32) --^
        F32 -----------------------------------------> C32

    Every attention reads the backbone's own maps, so the pairs do not wait
    for each other. The map without a partner passes through.

    Keys and values need not be enlarged to the query's grid, as the paper's
    text does: repeating every key s * s times leaves the softmax average
    as it is. ``kv_upsample=None`` is therefore equal to 'nearest' wherever
    one grid is a whole multiple of the other, at a fraction of its cost.

    Args:
        in_channels: Channels of the backbone's maps, finest first; at
            least two.
        direction: 'forward': the key/value map of each query map is the next
            coarser one (F4<-F8); 'backward': the next finer one (F8<-F4).
        integration: 'concat': the map and the result side by side, for the
            head's 1x1 convolution to weigh; 'add': their sum.
        num_heads: Attention heads; must divide the channels of every query
            map.
        kv_upsample: None: both maps of a pair stay on their own grids.
            'nearest' or 'bilinear': the smaller one is enlarged first, the
            literal form. In the backward direction the smaller one is the
            query, and the result is averaged back onto its grid.
        attention: 'fused' or 'plain' (readable, needs the memory of the
            full score matrix), see :func:`mmseg_ext.ops.attend`.
        pre_norm: LayerNorm on both maps before the attention.
        out_proj: A linear layer after the attention.
        queries: Which maps are query maps, as indices of ``in_channels``;
            None: all that have a partner. The others pass through, such as
            a stem's detail before the encoder's maps.
        init_cfg: Initialisation, see mmengine's BaseModule.

    Attributes:
        out_channels (list[int]): Channels of the maps that it returns: the
            decode head's ``in_channels``.

    Shape:
        - inputs: one map (B, in_channels[i], H_i, W_i) for each stage
        - output: as many maps, (B, out_channels[i], H_i, W_i)

    Raises:
        ValueError: If an argument is not among what is allowed, or the
            maps do not match ``in_channels``.

    Reference:
        Byeon et al., Development for a Semantic Segmentation Model for
        Metal SEM Images Based on Multi-scale Cross-attention and SegFormer,
        2025, section III and equation 1.
    """

    def __init__(self,
                 in_channels: Sequence[int],
                 direction: str = 'forward',
                 integration: str = 'concat',
                 num_heads: int = 1,
                 kv_upsample: Optional[str] = None,
                 attention: str = 'fused',
                 pre_norm: bool = False,
                 out_proj: bool = False,
                 queries: Optional[Sequence[int]] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        check_choice('direction', direction, DIRECTIONS)
        check_choice('integration', integration, INTEGRATIONS)
        check_choice('kv_upsample', kv_upsample, KV_UPSAMPLES)
        check_choice('attention', attention, BACKENDS)
        check_channels('in_channels', in_channels, 2, 'one for each stage')
        self.in_channels = list(in_channels)
        self.integration = integration
        stages = range(len(in_channels))
        # (target, source) of each attention
        self.pairs = [(i, i + 1) for i in stages[:-1]]
        if direction == 'backward':
            self.pairs = [(fine + 1, fine) for fine, _ in self.pairs]
        if queries is not None:
            paired = [target for target, _ in self.pairs]
            if not queries or not {*queries} <= {*paired}:
                raise ValueError(
                    f'queries={queries!r}: must be some of {paired}, the maps '
                    f'that have a partner in the {direction} direction')
            self.pairs = [pair for pair in self.pairs if pair[0] in queries]
        targets = [in_channels[target] for target, _ in self.pairs]
        if (not isinstance(num_heads, int) or num_heads < 1
                or any(c % num_heads for c in targets)):
            raise ValueError(
                f'num_heads={num_heads!r}: must be a positive integer that '
                f'divides the channels of each query map, {targets}')
        self.attentions = nn.ModuleList(
            CrossScaleAttention(in_channels[target], in_channels[source],
                                num_heads, kv_upsample, attention, pre_norm,
                                out_proj) for target, source in self.pairs)
        self.out_channels = list(in_channels)
        if integration == 'concat':
            for target, _ in self.pairs:
                self.out_channels[target] *= 2

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        found = [x.shape[1] for x in inputs]
        if found != self.in_channels:
            raise ValueError(f'The backbone returned maps of {found} '
                             f'channels; the neck was built with '
                             f'in_channels={self.in_channels}')
        outs = list(inputs)
        for attention, (target, source) in zip(self.attentions, self.pairs):
            result = attention(inputs[target], inputs[source])
            if self.integration == 'concat':
                outs[target] = torch.cat([inputs[target], result], dim=1)
            else:
                outs[target] = inputs[target] + result
        return tuple(outs)
