"""Backbones."""
from .detail_stem import DetailStem
from .fused_mit import FusedMixVisionTransformer
from .hardnet import HarDNet
from .hybrid_transformer import HybridTransformer
from .plugin_backbone import PluginLayers, plugin_backbone
from .resunet import ResUNet
from .timm_backbone import TimmBackbone, timm_maps

__all__ = [
    'DetailStem', 'FusedMixVisionTransformer', 'HarDNet', 'HybridTransformer',
    'PluginLayers', 'ResUNet', 'TimmBackbone', 'plugin_backbone', 'timm_maps'
]
