"""Models, registered in MMSegmentation's own registries."""
from .backbones import (
    FusedMixVisionTransformer,
    HybridTransformer,
    ResUNet,
    TimmBackbone,
    plugin_backbone,
    timm_maps,
)
from .convolutions import GroupedConv2d, SeparableConv2d
from .decode_heads import (
    DPTDecodeHead,
    FusedSegformerHead,
    UNetDecodeHead,
)
from .distillation import FeatureDistiller
from .losses import CrossEntropyDiceLoss
from .necks import MultiScaleCrossAttentionNeck
from .plugins import DeformablePSA

__all__ = [
    'CrossEntropyDiceLoss', 'DPTDecodeHead', 'DeformablePSA',
    'FeatureDistiller', 'FusedMixVisionTransformer', 'FusedSegformerHead',
    'GroupedConv2d', 'HybridTransformer', 'MultiScaleCrossAttentionNeck',
    'ResUNet', 'SeparableConv2d', 'TimmBackbone', 'UNetDecodeHead',
    'plugin_backbone', 'timm_maps'
]
