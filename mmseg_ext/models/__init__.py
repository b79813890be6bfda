"""Models, registered in MMSegmentation's own registries."""
from .backbones import ResUNet
from .decode_heads import DPTDecodeHead, UNetDecodeHead
from .losses import CrossEntropyDiceLoss
from .necks import MultiScaleCrossAttentionNeck

__all__ = [
    'CrossEntropyDiceLoss', 'DPTDecodeHead', 'MultiScaleCrossAttentionNeck',
    'ResUNet', 'UNetDecodeHead'
]
