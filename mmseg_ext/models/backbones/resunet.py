"""Deep Residual U-Net: a U-Net of pre-activation residual units."""
from collections.abc import Sequence
from itertools import pairwise
from typing import Optional, Union

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_ext.basics.arguments import check_channels


class ResidualUnit(nn.Module):
    """Two pre-activated 3x3 convolutions and a shortcut around them.

    ::

        x --+-> norm -> act -> conv -> norm -> act -> conv --(+)--> out
            +-------- identity, or 1x1 convolution ----------+

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        stride: Of the first convolution and of the shortcut.
        preactivate: Whether the first norm and activation are there. They
            are not in a network's first unit, which reads the image.
        conv_cfg: Type of the 3x3 convolutions, None for nn.Conv2d.
        norm_cfg: Normalisation, None for none.
        act_cfg: Activation.

    Shape:
        - x: (B, in_channels, H, W)
        - output: (B, out_channels, ceil(H / stride), ceil(W / stride))

    Reference:
        Zhang, Liu, Wang, 2018, figure 1b; He et al., Identity Mappings in
        Deep Residual Networks, 2016.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 stride: int = 1,
                 preactivate: bool = True,
                 conv_cfg: Optional[dict] = None,
                 norm_cfg: Optional[dict] = dict(type='BN'),
                 act_cfg: dict = dict(type='ReLU')) -> None:
        super().__init__()
        common = dict(
            kernel_size=3,
            padding=1,
            conv_cfg=conv_cfg,
            # The next norm would take the bias out again.
            bias=norm_cfg is None,
            # In place, it would change the shortcut's input where there is
            # no norm between the two.
            inplace=False,
            order=('norm', 'act', 'conv'))
        self.conv1 = ConvModule(
            in_channels,
            out_channels,
            stride=stride,
            norm_cfg=norm_cfg if preactivate else None,
            act_cfg=act_cfg if preactivate else None,
            **common)
        self.conv2 = ConvModule(
            out_channels,
            out_channels,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
            **common)
        if stride == 1 and in_channels == out_channels:
            self.shortcut = nn.Identity()
        else:
            self.shortcut = nn.Conv2d(
                in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x)) + self.shortcut(x)


@MODELS.register_module()
class ResUNet(BaseModule):
    """Deep Residual U-Net, encoder and decoder in one, as mmseg's UNet.

    ``channels=(64, 128, 256, 512)``::

        image --> unit 64 ------------------------------> cat, unit 64
                     |                                       ^
                  unit 128, stride 2 -----------> cat, unit 128
                        |                            ^
                     unit 256, stride 2 -> cat, unit 256
                           |                  ^
                           +- unit 512, stride 2 (bridge)

    Each map is enlarged to the very size of its skip, so that images of any
    size pass without cropping or padding. mmseg's FCNHead on the last map
    makes it a segmentor.

    "ResU-Net" also names another network, a U-Net whose encoder is a
    ResNet: that one is mmseg's ResNet with :class:`UNetDecodeHead`.

    Args:
        in_channels: Channels of the image.
        channels: Channels of the encoder's levels and, last, of the bridge;
            two or more. The decoder mirrors them.
        conv_cfg: Type of the 3x3 convolutions, None for nn.Conv2d.
        norm_cfg: Normalisation, None for none.
        act_cfg: Activation.
        norm_eval: Keep batch normalisation in evaluation mode in training.
        init_cfg: Initialisation; None: as mmseg's UNet, Kaiming for
            convolutions, ones for norms.

    Shape:
        - x: (B, in_channels, H, W)
        - output: one map for each entry of ``channels``, coarsest (the
          bridge) first; the last is (B, channels[0], H, W)

    Raises:
        ValueError: If ``channels`` is not two or more positive integers.

    Reference:
        Zhang, Liu, Wang, Road Extraction by Deep Residual U-Net, 2018,
        figure 2 and table 1, without the last 1x1 convolution and sigmoid,
        which are the decode head's.
    """

    def __init__(
            self,
            in_channels: int = 3,
            channels: Sequence[int] = (64, 128, 256, 512),
            conv_cfg: Optional[dict] = None,
            norm_cfg: Optional[dict] = dict(type='BN'),
            act_cfg: dict = dict(type='ReLU'),
            norm_eval: bool = False,
            init_cfg: Optional[Union[dict, list[dict]]] = None) -> None:
        if init_cfg is None:
            init_cfg = [
                dict(type='Kaiming', layer='Conv2d'),
                dict(
                    type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm'])
            ]
        super().__init__(init_cfg)
        check_channels('channels', channels, 2, 'the last for the bridge')
        self.norm_eval = norm_eval
        layers = dict(
            conv_cfg=conv_cfg, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.encoder = nn.ModuleList([
            ResidualUnit(
                in_channels, channels[0], preactivate=False, **layers)
        ])
        self.decoder = nn.ModuleList()  # deepest first
        for fine, coarse in pairwise(channels):
            self.encoder.append(
                ResidualUnit(fine, coarse, stride=2, **layers))
            self.decoder.insert(0,
                                ResidualUnit(coarse + fine, fine, **layers))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        skips = []
        for unit in self.encoder:
            x = unit(x)
            skips.append(x)
        outs = [skips.pop()]
        for unit in self.decoder:
            skip = skips.pop()
            x = F.interpolate(
                outs[-1],
                skip.shape[2:],
                mode='bilinear',
                align_corners=False)
            outs.append(unit(torch.cat([x, skip], dim=1)))
        return tuple(outs)

    def train(self, mode: bool = True) -> 'ResUNet':
        """Set the mode; with ``norm_eval`` batch norms stay in eval."""
        super().train(mode)
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self
