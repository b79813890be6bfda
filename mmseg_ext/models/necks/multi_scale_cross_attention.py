"""Cross-attention between neighbouring scales of a feature pyramid."""
from collections.abc import Sequence
from typing import Optional

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_channels, check_choice
from mmseg_ext.ops.attention import BACKENDS

from .cross_scale_attention import CrossScaleAttention

DIRECTIONS = ('forward', 'backward')
INTEGRATIONS = ('concat', 'add')
KV_UPSAMPLES = (None, 'nearest', 'bilinear')


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
        qk_norm: Cosine of query and key as the score, see
            :class:`CrossScaleAttention`.
        distance_bias: Nearer keys count more, the same; positive.
        gate: Scale of the result, learned from this value, the same.
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
                 qk_norm: bool = False,
                 distance_bias: Optional[float] = None,
                 gate: Optional[float] = None,
                 queries: Optional[Sequence[int]] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        check_choice('direction', direction, DIRECTIONS)
        check_choice('integration', integration, INTEGRATIONS)
        check_choice('kv_upsample', kv_upsample, KV_UPSAMPLES)
        check_choice('attention', attention, BACKENDS)
        check_channels('in_channels', in_channels, 2, 'one for each stage')
        if distance_bias is not None and not distance_bias > 0:
            raise ValueError(f'distance_bias={distance_bias!r}: must be None '
                             'or above 0, a distance in cells')
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
                                out_proj, qk_norm, distance_bias, gate)
            for target, source in self.pairs)
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
