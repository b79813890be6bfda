"""Backbones."""
from .fused_mit import FusedMixVisionTransformer
from .plugin_backbone import WithPlugins, plugin_backbone
from .resunet import ResUNet

__all__ = [
    'FusedMixVisionTransformer', 'ResUNet', 'WithPlugins', 'plugin_backbone'
]
