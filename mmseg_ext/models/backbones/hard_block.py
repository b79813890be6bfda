"""HarDBlock: convolutions that are linked in a harmonic pattern."""
from typing import Optional

import torch
from mmcv.cnn import ConvModule
from torch import Tensor, nn


def links(layer: int) -> list[int]:
    """Return the layers that a layer reads, nearest first.

    Layer l reads l - 2^i for every i for which 2^i divides l; 0 is the
    block's input. (A link to l - 2^i for every i, whether it divides or
    not, makes another network, LogDenseNet.)
    """
    found, step = [], 1
    while layer and layer % step == 0:
        found.append(layer - step)
        step *= 2
    return found


def layer_width(layer: int, growth: float, multiplier: float) -> int:
    """Return the channels of a layer from 1 on, an even number.

    Args:
        layer: Its number.
        growth: Channels of a layer with one link.
        multiplier: Factor for each further link.
    """
    width = growth
    for _ in links(layer)[1:]:  # step by step: rounded as the original
        width *= multiplier
    return max(int(int(width + 1) / 2) * 2, 2)


def returned(num_layers: int) -> list[int]:
    """Return the layers that are a block's output: the odd, and the last."""
    return [layer for layer in range(1, num_layers + 1)
            if layer % 2 or layer == num_layers]


def out_channels(growth: float, multiplier: float, num_layers: int) -> int:
    """Return the channels of a block's output."""
    return sum(layer_width(layer, growth, multiplier)
               for layer in returned(num_layers))


class HarDBlock(nn.Module):
    """Layers of which each reads a few before it, by powers of two.

    ``num_layers=4``::

        x --> 1 --> 2 --> 3 --> 4         1 reads x      2 reads 1, x
              |           |     |         3 reads 2      4 reads 3, 2, x
              +-----------+-----+--> cat

    Args:
        in_channels: Channels of the input.
        growth: Channels of a layer with one link.
        multiplier: Factor of a layer's channels for each further link.
        num_layers: Number of layers.
        depthwise: Make a layer a 1x1 convolution and a depthwise 3x3 one
            without activation, instead of a 3x3 convolution.
        norm_cfg: Normalisation, None for none.
        act_cfg: Activation.

    Shape:
        - x: (B, in_channels, H, W)
        - output: (B, out_channels, H, W), the odd layers and the last, in
          rising order

    Reference:
        Chao et al., HarDNet: A Low Memory Traffic Network, 2019, section 3;
        PingoLH/FCHarDNet, ptsemseg/models/hardnet.py, HarDBlock.
    """

    def __init__(self,
                 in_channels: int,
                 growth: float,
                 multiplier: float,
                 num_layers: int,
                 depthwise: bool = False,
                 norm_cfg: Optional[dict] = dict(type='BN'),
                 act_cfg: dict = dict(type='ReLU')) -> None:
        super().__init__()
        self.links = [links(layer) for layer in range(1, num_layers + 1)]
        self.returned = returned(num_layers)
        self.out_channels = out_channels(growth, multiplier, num_layers)
        widths = [in_channels]
        self.layers = nn.ModuleList()
        for number, read in enumerate(self.links, start=1):
            width = layer_width(number, growth, multiplier)
            before = sum(widths[i] for i in read)
            widths.append(width)
            if not depthwise:
                self.layers.append(
                    ConvModule(before, width, 3, padding=1,
                               norm_cfg=norm_cfg, act_cfg=act_cfg))
                continue
            self.layers.append(nn.Sequential(
                ConvModule(before, width, 1, norm_cfg=norm_cfg,
                           act_cfg=act_cfg),
                depthwise_conv(width, 1, norm_cfg)))

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for layer, read in zip(self.layers, self.links):
            # one map: no copy
            x = maps[read[0]] if len(read) == 1 else torch.cat(
                [maps[i] for i in read], dim=1)
            maps.append(layer(x))
        return torch.cat([maps[i] for i in self.returned], dim=1)


def depthwise_conv(channels: int, stride: int,
                   norm_cfg: Optional[dict]) -> ConvModule:
    """Return a depthwise 3x3 convolution and norm, without activation."""
    return ConvModule(channels, channels, 3, stride, padding=1,
                      groups=channels, norm_cfg=norm_cfg, act_cfg=None)
