"""Decode heads."""
from .dpt import DPTDecodeHead
from .fused_segformer_head import FusedSegformerHead
from .unet import UNetDecodeHead

__all__ = ['DPTDecodeHead', 'FusedSegformerHead', 'UNetDecodeHead']
