"""Losses."""
from .bootstrapped_cross_entropy import BootstrappedCrossEntropyLoss
from .cross_entropy_dice import CrossEntropyDiceLoss

__all__ = ['BootstrappedCrossEntropyLoss', 'CrossEntropyDiceLoss']
