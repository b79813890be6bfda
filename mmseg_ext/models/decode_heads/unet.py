"""U-Net's decoder over the feature maps of any backbone."""
from collections.abc import Sequence
from itertools import pairwise
from typing import Optional

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_channels

from ._classifier_init import classifier_init
from ._pixel_loss import PixelLossMixin


class UpBlock(nn.Module):
    """Enlarge a map, put the skip beside it, convolve twice.

    Args:
        in_channels: Channels of the coarse map.
        skip_channels: Channels of the skip; 0 for a block without one.
        out_channels: Channels of the result.
        align_corners: Of the bilinear interpolation.
        conv_args: ``conv_cfg``, ``norm_cfg`` and ``act_cfg`` of mmcv's
            ConvModule.

    Shape:
        - x: (B, in_channels, H, W)
        - skip: (B, skip_channels, H', W') or None
        - output: (B, out_channels, H', W'), without skip
          (B, out_channels, 2 H, 2 W)
    """

    def __init__(self,
                 in_channels: int,
                 skip_channels: int,
                 out_channels: int,
                 align_corners: bool = False,
                 **conv_args) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.convs = nn.Sequential(
            ConvModule(in_channels + skip_channels, out_channels, 3,
                       padding=1, **conv_args),
            ConvModule(out_channels, out_channels, 3,
                       padding=1, **conv_args))

    def forward(self, x: Tensor, skip: Optional[Tensor] = None) -> Tensor:
        if skip is None:
            size = [2 * length for length in x.shape[2:]]
        else:
            size = skip.shape[2:]
        x = F.interpolate(
            x, size, mode='bilinear', align_corners=self.align_corners)
        if skip is not None:
            # (B, in_channels + skip_channels, H', W')
            x = torch.cat([x, skip], dim=1)
        return self.convs(x)


@MODELS.register_module()
class UNetDecodeHead(PixelLossMixin, BaseDecodeHead):
    """U-Net's decoder with skip connections, over any backbone.

    Five maps of MobileViT, ``decoder_channels=(256, 128, 64, 32, 16)``::

        1/2  ------------------------------------------+
        1/4  ---------------------------+              |
        1/8  -------------+             |              |
        1/16 --+          |             |              |
        1/32 -> block 256 -> block 128 -> block 64 -> block 32 -> block 16
                 1/16         1/8          1/4         1/2         1/1

    Each map is enlarged to the very size of its skip, so that images of any
    size are decoded without cropping or padding. Logits come at the size of
    the last block; mmseg resizes them to the labels.

    Args:
        in_channels: Channels of the backbone's maps, finest first; at least
            two.
        decoder_channels: Channels of each block, deepest first. There is
            one block for each skip (one fewer than maps); every further one
            doubles the size without a skip, for a backbone whose finest map
            is smaller than the image.
        channels: Channels before the classifier. None: those of the last
            block; given, it must be equal to them.
        in_index: Which of the backbone's maps, in rising order; None: the
            first ``len(in_channels)``.
        init_cfg: Initialisation; None: the classifier from
            N(0, 1 / sqrt(channels)), since mmseg's N(0, 0.01) starves a
            head this narrow.
        kwargs: Further arguments of mmseg's BaseDecodeHead. It sets no
            ``norm_cfg`` of its own; most decoders want one.

    Shape:
        - inputs: one map (B, in_channels[i], H_i, W_i) for each stage
        - output: (B, num_classes, H_0, W_0), times 2 to the number of
          blocks without a skip

    Raises:
        ValueError: If the arguments contradict each other, or the maps do
            not match them.

    Reference:
        Ronneberger, Fischer, Brox, U-Net, 2015, figure 1, with bilinear
        up-sampling, padded convolutions and a backbone as its left side.
    """

    def __init__(self,
                 in_channels: Sequence[int],
                 decoder_channels: Sequence[int],
                 channels: Optional[int] = None,
                 in_index: Optional[Sequence[int]] = None,
                 init_cfg: Optional[dict | list[dict]] = None,
                 **kwargs) -> None:
        _check_channels(in_channels, decoder_channels, channels)
        if in_index is None:
            in_index = list(range(len(in_channels)))
        _check_index(in_index, len(in_channels))
        super().__init__(
            in_channels=in_channels,
            channels=decoder_channels[-1],
            in_index=in_index,
            input_transform='multiple_select',
            init_cfg=init_cfg or classifier_init(decoder_channels[-1]),
            **kwargs)
        skips = list(reversed(in_channels[:-1]))
        skips += [0] * (len(decoder_channels) - len(skips))
        self.blocks = nn.ModuleList()
        below = in_channels[-1]
        for skip, out in zip(skips, decoder_channels):
            self.blocks.append(
                UpBlock(
                    below,
                    skip,
                    out,
                    align_corners=self.align_corners,
                    conv_cfg=self.conv_cfg,
                    norm_cfg=self.norm_cfg,
                    act_cfg=self.act_cfg))
            below = out

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        *skips, x = self._select(inputs)
        skips = [*reversed(skips)] + [None] * (len(self.blocks) - len(skips))
        for block, skip in zip(self.blocks, skips):
            if skip is not None:
                self._check_sum(block, x, skip, inputs)
            x = block(x, skip)
        return self.cls_seg(x)

    def _check_sum(self, block: nn.Module, x: Tensor, skip: Tensor,
                   inputs: Sequence[Tensor]) -> None:
        # not by self.in_channels: pruning narrows the layers
        if x.shape[1] + skip.shape[1] != block.convs[0].conv.in_channels:
            found = [each.shape[1] for each in self._select(inputs)]
            raise ValueError(f'The backbone returned maps of {found} '
                             f'channels; the head was built with '
                             f'in_channels={list(self.in_channels)}')

    def _select(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        if self.in_index[-1] >= len(inputs):
            raise ValueError(f'The backbone returned {len(inputs)} maps; the '
                             f'head needs in_index={self.in_index}')
        maps = self._transform_inputs(inputs)
        sizes = [tuple(x.shape[2:]) for x in maps]
        # sorted, not pairwise, which torch 2.4 cannot trace
        if any(list(side) != sorted(side, reverse=True)
               for side in zip(*sizes)):
            raise ValueError(f'The backbone returned maps of sizes {sizes}; '
                             'the head needs the finest first')
        return maps


def _check_channels(in_channels: Sequence[int],
                    decoder_channels: Sequence[int],
                    channels: Optional[int]) -> None:
    check_channels('in_channels', in_channels, 2, 'one for each map; a '
                   'decoder of one map has no skips, take FCNHead')
    check_channels('decoder_channels', decoder_channels,
                   len(in_channels) - 1,
                   f'one for each skip of {len(in_channels)} maps, and for '
                   'each further block')
    if channels not in (None, decoder_channels[-1]):
        raise ValueError(
            f'channels={channels!r} contradicts decoder_channels='
            f'{decoder_channels!r}: leave it away, or set it to '
            f'{decoder_channels[-1]}')


def _check_index(in_index: Sequence[int], num_maps: int) -> None:
    if (not isinstance(in_index, Sequence) or len(in_index) != num_maps
            or any(i < 0 for i in in_index)
            or any(a >= b for a, b in pairwise(in_index))):
        raise ValueError(f'in_index={in_index!r}: must be {num_maps} rising '
                         'integers from 0, one for each entry of in_channels')
