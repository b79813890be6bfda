"""HarDNet: a backbone of harmonically linked convolutions."""
from collections.abc import Mapping, Sequence
from typing import Optional, Union

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from .hard_block import HarDBlock, depthwise_conv
from .hardnet_arch import HarDNetArch, find_arch


@MODELS.register_module()
class HarDNet(BaseModule):
    """Harmonic DenseNet, for few reads and writes of maps.

    ``arch='70-seg'``, the encoder of FC-HarDNet-70::

        image --> stem --> block --> 1x1, pool --> block --> ... --> block
                  48, 1/4  48 |                    78 |               1x1 |
                              v 1/4                   v 1/8       320 v 1/64

    Its maps are those of the blocks, before the 1x1 convolution, but for
    the deepest, which comes after it: what the decoder reads, and what the
    published weights hold. The others were made for classification; their
    maps come after the 1x1 convolution of each stage's last block.

    +----------+-------------------------+----------------------+
    | arch     | channels of the maps    | strides              |
    +==========+=========================+======================+
    | '70-seg' | 48, 78, 160, 214, 320   | 4, 8, 16, 32, 64     |
    +----------+-------------------------+----------------------+
    | '39ds'   | 96, 320, 640, 1024      | 4, 8, 16, 32         |
    +----------+-------------------------+----------------------+
    | '68'     | 128, 320, 640, 1024     | 4, 8, 16, 32         |
    +----------+-------------------------+----------------------+
    | '85'     | 192, 320, 720, 1280     | 4, 8, 16, 32         |
    +----------+-------------------------+----------------------+

    What lies behind the last map asked for is not built. Published weights
    are taken as they are, by ``init_cfg=dict(type='Pretrained',
    checkpoint=...)`` and :mod:`mmseg_ext.engine.weights.hardnet`.

    Args:
        arch: Name of the network, or a dict of the fields of
            :class:`~mmseg_ext.models.backbones.hardnet_arch.HarDNetArch`.
        in_channels: Channels of the image.
        out_indices: Which stages' maps come out, in rising order; None:
            all.
        norm_cfg: Normalisation, None for none.
        act_cfg: Activation; None: ReLU for '70-seg', ReLU6 for the others.
        width: Factor of all numbers of channels, 0.5 for a network of a
            quarter of the parameters.
        init_cfg: Initialisation; None: as mmseg's UNet, Kaiming for
            convolutions, ones for norms.

    Attributes:
        out_channels: Channels of the maps that come out.
        least_size: Height and width in pixels that an image must have.

    Shape:
        - x: (B, in_channels, H, W), H and W at least ``least_size``
        - output: one map for each of ``out_indices``. The stem rounds sizes
          up, pools round them down: 250 pixels become 63, 31, 15, 7, 3

    Raises:
        ValueError: If an argument is not among what is allowed, or an image
            is too small.

    Reference:
        Chao et al., HarDNet: A Low Memory Traffic Network, 2019, table 1;
        PingoLH/Pytorch-HarDNet, hardnet.py; PingoLH/FCHarDNet,
        ptsemseg/models/hardnet.py.
    """

    # whose weights it takes from a file with the authors' names
    hardnet_part = 'backbone.'

    def __init__(
            self,
            arch: Union[str, Mapping] = '70-seg',
            in_channels: int = 3,
            out_indices: Optional[Sequence[int]] = None,
            norm_cfg: Optional[dict] = dict(type='BN'),
            act_cfg: Optional[dict] = None,
            width: float = 1.0,
            init_cfg: Optional[Union[dict, list[dict]]] = None) -> None:
        if init_cfg is None:
            init_cfg = [
                dict(type='Kaiming', layer='Conv2d'),
                dict(
                    type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm'])
            ]
        super().__init__(init_cfg)
        sizes = find_arch(arch, width)
        if out_indices is None:
            out_indices = range(len(sizes.ends))
        _check_indices(out_indices, len(sizes.ends))
        self.out_indices = tuple(out_indices)
        self.out_channels = tuple(
            sizes.out_channels[i] for i in self.out_indices)
        self.least_size = 4 * 2**self.out_indices[-1]
        self.maps_of_blocks = sizes.maps_of_blocks
        # of each block, the stage that it ends
        self.stages = {block: stage for stage, block in enumerate(sizes.ends)}
        layers = dict(
            norm_cfg=norm_cfg, act_cfg=act_cfg or dict(type=sizes.act))
        self.stem = _stem(sizes, in_channels, layers)
        self.blocks = nn.ModuleList()
        self.transitions = nn.ModuleList()
        self.downs = nn.ModuleList()
        channels = sizes.stem[-1]
        last = sizes.ends[self.out_indices[-1]]
        for i in range(last + 1):
            block = HarDBlock(
                channels, sizes.growth[i], sizes.multiplier, sizes.layers[i],
                sizes.depthwise, **layers)
            channels = sizes.channels[i]
            self.blocks.append(block)
            if i < last or not self._is_map(i):
                self.transitions.append(
                    ConvModule(block.out_channels, channels, 1, **layers))
            if i < last:
                self.downs.append(
                    _half(sizes.pool, channels, norm_cfg)
                    if i in sizes.down else nn.Identity())

    def _is_map(self, block: int) -> bool:
        """Whether a block's own output is a map of the network."""
        return self.maps_of_blocks and block < max(self.stages)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        if any(side < self.least_size for side in x.shape[2:]):
            height, width = x.shape[2:]
            raise ValueError(
                f'HarDNet was given an image of {height} x {width} pixels; '
                f'the least is {self.least_size} x {self.least_size}, as its '
                f'deepest map has one position for each {self.least_size} '
                'pixels. Enlarge the image, or pad it: '
                'model.data_preprocessor.size_divisor='
                f'{self.least_size}, and the same in its test_cfg')
        for layer in self.stem:
            x = layer(x)
        outs = []
        for i, block in enumerate(self.blocks):
            x = of_block = block(x)
            if i < len(self.transitions):
                x = self.transitions[i](x)
            if self.stages.get(i) in self.out_indices:
                outs.append(of_block if self._is_map(i) else x)
            if i < len(self.downs):
                x = self.downs[i](x)
        return tuple(outs)


def _stem(sizes: HarDNetArch, in_channels: int,
          layers: dict) -> nn.ModuleList:
    """Return the layers from the image to a map of stride 4."""
    if len(sizes.stem) == 4:
        plan = [(3, 2), (3, 1), (3, 2), (3, 1)]
    else:
        plan = [(3, 2), (1 if sizes.depthwise else 3, 1)]
    stem, below = nn.ModuleList(), in_channels
    for channels, (kernel, stride) in zip(sizes.stem, plan):
        stem.append(ConvModule(below, channels, kernel, stride,
                               padding=kernel // 2, **layers))
        below = channels
    if len(sizes.stem) == 2:
        stem.append(depthwise_conv(below, 2, layers['norm_cfg'])
                    if sizes.pool == 'depthwise'
                    else nn.MaxPool2d(3, 2, padding=1))
    return stem


def _half(pool: str, channels: int, norm_cfg: Optional[dict]) -> nn.Module:
    if pool == 'depthwise':
        return depthwise_conv(channels, 2, norm_cfg)
    return (nn.AvgPool2d if pool == 'avg' else nn.MaxPool2d)(2)


def _check_indices(out_indices: Sequence[int], stages: int) -> None:
    if (not out_indices or any(i not in range(stages) for i in out_indices)
            or [*out_indices] != sorted({*out_indices})):
        raise ValueError(
            f'out_indices={out_indices!r}: must be rising numbers of stages, '
            f'0 to {stages - 1}')
