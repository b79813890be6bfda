"""Models, registered in MMSegmentation's own registries."""
from .backbones import ResUNet, plugin_backbone
from .decode_heads import DPTDecodeHead, UNetDecodeHead
from .losses import CrossEntropyDiceLoss
from .necks import MultiScaleCrossAttentionNeck
from .plugins import DeformablePSA

__all__ = [
    'CrossEntropyDiceLoss', 'DPTDecodeHead', 'DeformablePSA',
    'MultiScaleCrossAttentionNeck', 'ResUNet', 'UNetDecodeHead',
    'plugin_backbone'
]
