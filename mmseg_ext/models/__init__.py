"""Models, registered in MMSegmentation's own registries."""
from .backbones import (
    FusedMixVisionTransformer,
    ResUNet,
    plugin_backbone,
)
from .decode_heads import (
    DPTDecodeHead,
    FusedSegformerHead,
    UNetDecodeHead,
)
from .losses import CrossEntropyDiceLoss
from .necks import MultiScaleCrossAttentionNeck
from .plugins import DeformablePSA

__all__ = [
    'CrossEntropyDiceLoss', 'DPTDecodeHead', 'DeformablePSA',
    'FusedMixVisionTransformer', 'FusedSegformerHead',
    'MultiScaleCrossAttentionNeck', 'ResUNet', 'UNetDecodeHead',
    'plugin_backbone'
]
