"""Losses."""
from .cross_entropy_dice import CrossEntropyDiceLoss

__all__ = ['CrossEntropyDiceLoss']
