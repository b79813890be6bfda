"""A decode head with an operation of its own for each scale."""
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_channels, check_choice

from ._classifier_init import classifier_init
from ._pixel_loss import PixelLossMixin
from .candidate_ops import OPS, build_op

INTEGRATIONS = ('concat', 'add')


class Genotype(NamedTuple):
    """What a search chooses.

    Attributes:
        ops: Operation of each map, finest first.
        integration: How the maps become one.
    """
    ops: tuple[str, ...]
    integration: str

    def __str__(self) -> str:
        return f'{", ".join(self.ops)}; {self.integration}'


class Fusion(nn.Module):
    """Make one map of several of one shape, by a 1 x 1 convolution.

    Args:
        integration: 'concat' or 'add': beside each other, or their sum.
        num_maps: How many.
        channels: Of each of them, and of the result.
        **conv_args: Of mmcv's ConvModule.

    Shape:
        - maps: a list of (B, channels, H, W)
        - output: (B, channels, H, W)
    """

    def __init__(self, integration: str, num_maps: int, channels: int,
                 **conv_args) -> None:
        super().__init__()
        self.integration = integration
        taken = channels * (num_maps if integration == 'concat' else 1)
        self.conv = ConvModule(taken, channels, 1, **conv_args)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        return self.conv(torch.cat(list(maps), dim=1)
                         if self.integration == 'concat' else sum(maps))


@MODELS.register_module()
class GenotypeHead(PixelLossMixin, BaseDecodeHead):
    """A light head, whose operation at each scale is an argument.

    ::

        F4  --> 1 x 1 --> op_0 ------------+
        F8  --> 1 x 1 --> op_1 --> enlarge-+-- concat or add --> 1 x 1
        F16 --> 1 x 1 --> op_2 --> enlarge-+                       |
        F32 --> 1 x 1 --> op_3 --> enlarge-+            logits <---+

    Convolutions are followed by norm and activation. :class:`SearchableHead`
    is the mixture of all, from which ``tools/derive.py`` chooses one.

    Args:
        in_channels: Channels of the maps, finest first; at least two.
        ops: Operation of each map: 'conv3x3', 'separable3x3', 'dilated3x3'
            (by 2), 'conv1x1', 'attention' (to a key/value map of the
            coarsest map's size) or 'skip'.
        channels: Of every map behind its first convolution.
        integration: How the maps become one: 'concat' or 'add'.
        in_index: Which of the backbone's maps; None: the first ones.
        init_cfg: Initialisation; None: the classifier from
            N(0, 1 / sqrt(channels)), see :class:`UNetDecodeHead`.
        **kwargs: Of mmseg's BaseDecodeHead.

    Shape:
        - inputs: one map (B, in_channels[i], H_i, W_i) for each scale
        - output: (B, out_channels, H_0, W_0)

    Raises:
        ValueError: If the arguments are not among what is allowed, or their
            numbers differ.
    """

    def __init__(self,
                 in_channels: Sequence[int],
                 ops: Sequence[str],
                 channels: int,
                 integration: str = 'concat',
                 in_index: Optional[Sequence[int]] = None,
                 init_cfg: Optional[dict | list[dict]] = None,
                 **kwargs) -> None:
        check_channels('in_channels', in_channels, 2, 'one for each map')
        self.check_choices(len(in_channels), ops, integration)
        super().__init__(
            in_channels=in_channels,
            channels=channels,
            in_index=list(range(len(in_channels))
                          if in_index is None else in_index),
            input_transform='multiple_select',
            init_cfg=init_cfg or classifier_init(channels),
            **kwargs)
        conv_args = dict(conv_cfg=self.conv_cfg, norm_cfg=self.norm_cfg,
                         act_cfg=self.act_cfg)
        self.projections = nn.ModuleList(
            ConvModule(each, channels, 1, **conv_args)
            for each in in_channels)
        coarsest = len(in_channels) - 1
        self.edges = nn.ModuleList(
            self.make_edge(i, ops, 2**(coarsest - i), conv_args)
            for i in range(len(in_channels)))
        self.fusion = self.make_fusion(integration, conv_args)

    def check_choices(self, num_maps: int, ops: Sequence[str],
                      integration: str) -> None:
        """Refuse operations that are none, or not one for each map."""
        if isinstance(ops, str) or len(ops) != num_maps:
            raise ValueError(f'ops={ops!r}: must be {num_maps} names, one '
                             'for each entry of in_channels')
        for name in ops:
            check_choice('ops', name, OPS)
        check_choice('integration', integration, INTEGRATIONS)

    def make_edge(self, index: int, ops: Sequence[str], reduction: int,
                  conv_args: Mapping) -> nn.Module:
        """Return what is done with a map behind its first convolution."""
        return build_op(ops[index], self.channels, reduction, **conv_args)

    def make_fusion(self, integration: str, conv_args: Mapping) -> nn.Module:
        """Return what makes one map of all."""
        return Fusion(integration, len(self.in_channels), self.channels,
                      **conv_args)

    def projected(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Return the maps that the edges take, (B, channels, H_i, W_i)."""
        return [project(x) for project, x in zip(
            self.projections, self._transform_inputs(inputs))]

    def enlarged(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Return maps at the size of the first."""
        first, *others = maps
        return [first, *(
            F.interpolate(x, first.shape[2:], mode='bilinear',
                          align_corners=self.align_corners)
            for x in others)]

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        maps = [edge(x) for edge, x in zip(
            self.edges, self.projected(inputs))]
        return self.cls_seg(self.fusion(self.enlarged(maps)))
