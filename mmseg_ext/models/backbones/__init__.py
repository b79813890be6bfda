"""Backbones."""
from .fused_mit import FusedMixVisionTransformer
from .plugin_backbone import PluginLayers, plugin_backbone
from .resunet import ResUNet

__all__ = [
    'FusedMixVisionTransformer', 'PluginLayers', 'ResUNet', 'plugin_backbone'
]
