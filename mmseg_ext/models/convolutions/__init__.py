"""Convolutions that ``conv_cfg`` puts in the place of nn.Conv2d."""
from .grouped import GroupedConv2d, grouped_conv2d
from .replaced import describe_replaced
from .separable import SeparableConv2d, separable_conv2d

__all__ = [
    'GroupedConv2d', 'SeparableConv2d', 'describe_replaced',
    'grouped_conv2d', 'separable_conv2d'
]
