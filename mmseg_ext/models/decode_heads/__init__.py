"""Decode heads."""
from .detail_segformer_head import DetailSegformerHead
from .dpt import DPTDecodeHead
from .fc_hardnet_head import FCHarDNetHead
from .fused_segformer_head import FusedSegformerHead
from .match import MatchHead
from .unet import UNetDecodeHead

__all__ = [
    'DPTDecodeHead', 'DetailSegformerHead', 'FCHarDNetHead',
    'FusedSegformerHead', 'MatchHead', 'UNetDecodeHead'
]
