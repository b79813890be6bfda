"""Decode heads."""
from .dpt import DPTDecodeHead
from .unet import UNetDecodeHead

__all__ = ['DPTDecodeHead', 'UNetDecodeHead']
