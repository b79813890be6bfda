"""What a decoder may do with the map of a scale."""
import math
from collections.abc import Mapping
from typing import Optional

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_choice

from ..necks.cross_scale_attention import CrossScaleAttention

SKIP = 'skip'
CONVOLUTIONS = {
    'conv3x3': dict(kernel_size=3, padding=1),
    'separable3x3': dict(
        kernel_size=3, padding=1,
        conv_cfg=dict(type='SeparableConv2d', min_channels=1)),
    'dilated3x3': dict(kernel_size=3, padding=2, dilation=2),
    'conv1x1': dict(kernel_size=1),
}
OPS = (*CONVOLUTIONS, 'attention', SKIP)
MOST_HEADS = 4


def build_op(name: str,
             channels: int,
             reduction: int = 1,
             skip_dropout: float = 0.0,
             conv_cfg: Optional[Mapping] = None,
             norm_cfg: Optional[Mapping] = None,
             act_cfg: Optional[Mapping] = None) -> nn.Module:
    """Build an operation that keeps size and channels of a map.

    Args:
        name: One of ``OPS``.
        channels: Of the map.
        reduction: Of attention: how many times coarser the key/value map is.
        skip_dropout: Of skip: fraction of the numbers dropped in training.
        conv_cfg: Of mmcv's ConvModule, but for 'separable3x3'.
        norm_cfg: Of mmcv's ConvModule.
        act_cfg: Of mmcv's ConvModule.

    Raises:
        ValueError: If there is no such operation.
    """
    check_choice('op', name, OPS)
    if name == SKIP:
        return nn.Dropout(skip_dropout) if skip_dropout else nn.Identity()
    if name == 'attention':
        return ReducedAttention(channels, reduction)
    arguments = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg, act_cfg=act_cfg)
    return ConvModule(channels, channels, **arguments | CONVOLUTIONS[name])


class ReducedAttention(nn.Module):
    """Attend from every pixel to a coarser copy of the map, and add it.

    ::

        x --+------------> norm --> query ----------+
            |                                       +-- attend --(+)-->
            +-- average -> norm --> key and value --+             |
            +-----------------------------------------------------+

    The residual connection is its own: attention alone averages places away.
    So is the LayerNorm: what attention returns hardly differs between pixels
    at first, and a batch norm behind it would magnify the rounding.

    Args:
        channels: Of the map.
        reduction: How many times coarser the key/value map is.

    Shape:
        - x: (B, channels, H, W)
        - output: (B, channels, H, W)

    Reference:
        Wang et al., PVT v2, 2022, linear spatial-reduction attention, which
        averages, too.
    """

    def __init__(self, channels: int, reduction: int = 1) -> None:
        super().__init__()
        self.reduction = reduction
        self.attention = CrossScaleAttention(
            channels, channels, num_heads=math.gcd(channels, MOST_HEADS),
            pre_norm=True, out_proj=True)

    def forward(self, x: Tensor) -> Tensor:
        # (B, C, H, W) -> (B, C, H / r, W / r), rounded up
        source = x if self.reduction == 1 else F.avg_pool2d(
            x, self.reduction, ceil_mode=True)
        return x + self.attention(x, source)
