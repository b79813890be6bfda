"""Sizes of the HarDNet family."""
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Union

from mmseg_ext.basics.arguments import check_channels, check_choice

from .hard_block import out_channels

LEAST = 2  # channels of a layer, however narrow the network


@dataclass(frozen=True)
class HarDNetArch:
    """Sizes of one HarDNet.

    A stage is what has one stride: a block, or several with no step down
    between them.

    Attributes:
        stem: Channels of the first convolutions: four, all 3x3, the first
            and the third with stride 2; or two, the first with stride 2, and
            a step down behind them. The maps of stage 0 have stride 4.
        channels: Of the 1x1 convolution behind each block.
        growth: Growth rate of each block.
        layers: Number of layers of each block.
        down: Blocks, counted from 0, behind which the map is halved.
        multiplier: Of the growth rate, for each link but the first.
        pool: What halves: 'avg', 'max' or 'depthwise', a convolution with
            stride 2.
        depthwise: Whether a block's layer is a 1x1 convolution and a
            depthwise one, instead of a 3x3 convolution.
        act: Type of the activation.
        maps_of_blocks: Whether a stage's map is its block's, before the
            1x1 convolution, for all stages but the last.
    """
    stem: tuple[int, ...]
    channels: tuple[int, ...]
    growth: tuple[float, ...]
    layers: tuple[int, ...]
    down: tuple[int, ...]
    multiplier: float = 1.7
    pool: str = 'max'
    depthwise: bool = False
    act: str = 'ReLU6'
    maps_of_blocks: bool = False

    def __post_init__(self) -> None:
        check_channels('stem', self.stem, 2, 'two or four, one for each '
                       'convolution')
        check_channels('channels', self.channels, 1, 'one for each block')
        check_channels('layers', self.layers, 1, 'one for each block')
        check_choice('len(stem)', len(self.stem), (2, 4))
        check_choice('pool', self.pool, ('avg', 'max', 'depthwise'))
        blocks = len(self.channels)
        if not blocks == len(self.growth) == len(self.layers):
            raise ValueError(
                f'channels={self.channels}, growth={self.growth}, '
                f'layers={self.layers}: must have one number for each block')
        if any(not growth > 0 for growth in self.growth):
            raise ValueError(f'growth={self.growth}: must be above 0')
        if [*self.down] != sorted({*self.down} & {*range(blocks - 1)}):
            raise ValueError(
                f'down={self.down}: must be rising numbers of blocks, from 0 '
                f'to {blocks - 2}: there is no step down behind the last')

    @property
    def ends(self) -> tuple[int, ...]:
        """The last block of each stage."""
        return (*self.down, len(self.channels) - 1)

    @property
    def block_channels(self) -> tuple[int, ...]:
        """Channels of what each block returns."""
        return tuple(
            out_channels(growth, self.multiplier, layers)
            for growth, layers in zip(self.growth, self.layers))

    @property
    def out_channels(self) -> tuple[int, ...]:
        """Channels of each stage's map."""
        last = len(self.channels) - 1
        return tuple(
            self.block_channels[i] if self.maps_of_blocks and i < last
            else self.channels[i] for i in self.ends)

    def scaled(self, width: float) -> 'HarDNetArch':
        """Return a network of a multiple of the width.

        Stem and channels are rounded to even numbers. The growth rate is
        not: each layer's width, worked out of it, is.
        """
        return replace(
            self,
            stem=tuple(_even(width * c) for c in self.stem),
            channels=tuple(_even(width * c) for c in self.channels),
            growth=tuple(width * growth for growth in self.growth))


def _even(number: float) -> int:
    return max(2 * round(number / 2), LEAST)


ARCHS = {
    '70-seg': HarDNetArch(
        stem=(16, 24, 32, 48),
        channels=(64, 96, 160, 224, 320),
        growth=(10, 16, 18, 24, 32),
        layers=(4, 4, 8, 8, 8),
        down=(0, 1, 2, 3),
        pool='avg',
        act='ReLU',
        maps_of_blocks=True),
    '39ds': HarDNetArch(
        stem=(24, 48),
        channels=(96, 320, 640, 1024),
        growth=(16, 20, 64, 160),
        layers=(4, 16, 8, 4),
        down=(0, 1, 2),
        multiplier=1.6,
        pool='depthwise',
        depthwise=True),
    '68': HarDNetArch(
        stem=(32, 64),
        channels=(128, 256, 320, 640, 1024),
        growth=(14, 16, 20, 40, 160),
        layers=(8, 16, 16, 16, 4),
        down=(0, 2, 3)),
    '85': HarDNetArch(
        stem=(48, 96),
        channels=(192, 256, 320, 480, 720, 1280),
        growth=(24, 24, 28, 36, 48, 256),
        layers=(8, 16, 16, 16, 16, 4),
        down=(0, 2, 4)),
}


def find_arch(arch: Union[str, Mapping], width: float = 1.0) -> HarDNetArch:
    """Return the sizes of a network.

    Args:
        arch: Name of one of ``ARCHS``, or the fields of a
            :class:`HarDNetArch`; those left away are those of '70-seg'.
        width: Factor of all numbers of channels.

    Raises:
        ValueError: If there is no such network, or the fields contradict
            each other.
    """
    if not width > 0:
        raise ValueError(f'width={width!r}: must be above 0')
    if isinstance(arch, Mapping):
        base = ARCHS['70-seg']
        names = [field.name for field in fields(base)]
        for name in arch:
            check_choice('field of arch', name, names)
        found = HarDNetArch(**{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in {**asdict(base), **arch}.items()})
    else:
        check_choice('arch', arch, ARCHS)
        found = ARCHS[arch]
    return found.scaled(width)
