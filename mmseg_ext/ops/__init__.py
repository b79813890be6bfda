"""Pure functions on tensors and arrays: no registry, no config, no mmseg."""
from .attention import attend
from .dice import soft_dice
from .labels import describe_shares, foreign_labels

__all__ = ['attend', 'describe_shares', 'foreign_labels', 'soft_dice']
