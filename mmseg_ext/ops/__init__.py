"""Pure functions on tensors and arrays: no registry, no config, no mmseg."""
from .attention import attend
from .deform_conv import deform_conv2d
from .deform_reduce import deform_conv_map, deform_conv_mean
from .dice import soft_dice
from .labels import describe_shares, foreign_labels

__all__ = [
    'attend', 'deform_conv2d', 'deform_conv_map', 'deform_conv_mean',
    'describe_shares', 'foreign_labels', 'soft_dice'
]
