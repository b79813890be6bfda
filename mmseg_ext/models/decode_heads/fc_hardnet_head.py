"""FC-HarDNet's decoder."""
from collections.abc import Mapping, Sequence
from typing import Optional, Union

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_channels
from mmseg_ext.models.backbones.hard_block import HarDBlock
from mmseg_ext.models.backbones.hardnet_arch import find_arch

from ._classifier_init import classifier_init
from ._pixel_loss import PixelLossMixin


@MODELS.register_module()
class FCHarDNetHead(PixelLossMixin, BaseDecodeHead):
    """Decoder of FC-HarDNet: skips, 1x1 convolutions and HarDBlocks.

    ``arch='70-seg'``::

        1/4   48 -----------------------------------------------> block 48
        1/8   78 ------------------------------------> block 78 --^
        1/16 160 -------------------------> block 160 --^
        1/32 214 ------------> block 214 ----^
        1/64 320 -- enlarge ----^

    At each step the map is enlarged to the very size of the skip, the two
    are put beside each other, a 1x1 convolution takes half of the channels
    and a HarDBlock of the encoder's size follows. Logits come at the size
    of the finest map.

    Args:
        in_channels: Channels of the backbone's maps, finest first, two or
            more; None: those of ``HarDNet(arch, width=width)``.
        arch: Name of a HarDNet, or its fields: growth rates and numbers of
            layers of the blocks are those of its stages.
        width: Factor of all numbers of channels, that of the backbone.
        channels: Channels before the classifier. None: those of the last
            block; given, it must be equal to them.
        in_index: Which of the backbone's maps, in rising order; None: the
            first ``len(in_channels)``.
        norm_cfg: Normalisation.
        act_cfg: Activation; None: the arch's.
        dropout_ratio: Of the channels before the classifier.
        align_corners: Of every bilinear interpolation, that of the logits
            to the image's size too.
        init_cfg: Initialisation; None: the classifier from
            N(0, 1 / sqrt(channels)), see UNetDecodeHead.
        kwargs: Further arguments of mmseg's BaseDecodeHead.

    Shape:
        - inputs: one map (B, in_channels[i], H_i, W_i) for each stage
        - output: (B, num_classes, H_0, W_0)

    Raises:
        ValueError: If the arguments contradict each other, or the maps do
            not match them.

    Reference:
        PingoLH/FCHarDNet, ptsemseg/models/hardnet.py, hardnet.forward.
    """

    # whose weights it takes from a file with the authors' names
    hardnet_part = 'decode_head.'

    def __init__(self,
                 in_channels: Optional[Sequence[int]] = None,
                 arch: Union[str, Mapping] = '70-seg',
                 width: float = 1.0,
                 channels: Optional[int] = None,
                 in_index: Optional[Sequence[int]] = None,
                 norm_cfg: Optional[dict] = dict(type='BN'),
                 act_cfg: Optional[dict] = None,
                 dropout_ratio: float = 0.0,
                 align_corners: bool = True,
                 init_cfg: Optional[dict | list[dict]] = None,
                 **kwargs) -> None:
        sizes = find_arch(arch, width)
        if in_channels is None:
            in_channels = sizes.out_channels
        check_channels('in_channels', in_channels, 2, 'one for each map; a '
                       'decoder of one map has no skips, take FCNHead')
        ends = sizes.ends[:len(in_channels) - 1]
        if len(ends) < len(in_channels) - 1:
            raise ValueError(
                f'in_channels={in_channels!r}: arch={arch!r} has block sizes '
                f'for {len(sizes.ends)} skips, not for '
                f'{len(in_channels) - 1}')
        last = sizes.block_channels[ends[0]]
        if channels not in (None, last):
            raise ValueError(
                f'channels={channels!r} contradicts arch={arch!r} and '
                f'width={width!r}: leave it away, or set it to {last}')
        super().__init__(
            in_channels=list(in_channels),
            channels=last,
            in_index=list(range(len(in_channels))) if in_index is None
            else list(in_index),
            input_transform='multiple_select',
            norm_cfg=norm_cfg,
            act_cfg=act_cfg or dict(type=sizes.act),
            dropout_ratio=dropout_ratio,
            align_corners=align_corners,
            init_cfg=init_cfg or classifier_init(last),
            **kwargs)
        layers = dict(norm_cfg=norm_cfg, act_cfg=self.act_cfg)
        self.reductions = nn.ModuleList()  # deepest first, as the blocks
        self.blocks = nn.ModuleList()
        below = in_channels[-1]
        for skip, i in zip(in_channels[-2::-1], reversed(ends)):
            half = (below + skip) // 2
            self.reductions.append(
                ConvModule(below + skip, half, 1, **layers))
            block = HarDBlock(half, sizes.growth[i], sizes.multiplier,
                              sizes.layers[i], sizes.depthwise, **layers)
            self.blocks.append(block)
            below = block.out_channels

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        *skips, x = self._select(inputs)
        for skip, reduction, block in zip(
                reversed(skips), self.reductions, self.blocks):
            x = F.interpolate(x, skip.shape[2:], mode='bilinear',
                              align_corners=self.align_corners)
            # (B, below + skip, H', W') -> half of the channels
            x = torch.cat([x, skip], dim=1)
            # not self.in_channels: pruning narrows the layers
            if x.shape[1] != reduction.conv.in_channels:
                found = [each.shape[1] for each in self._select(inputs)]
                raise ValueError(
                    f'The backbone returned maps of {found} channels; the '
                    f'head was built for {self.in_channels}: give both the '
                    'same arch and width, or the head in_channels')
            x = block(reduction(x))
        return self.cls_seg(x)

    def _select(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        if max(self.in_index) >= len(inputs):
            raise ValueError(f'The backbone returned {len(inputs)} maps; the '
                             f'head needs in_index={self.in_index}')
        return self._transform_inputs(inputs)
