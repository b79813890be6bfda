"""Backbones."""
from .plugin_backbone import WithPlugins, plugin_backbone
from .resunet import ResUNet

__all__ = ['ResUNet', 'WithPlugins', 'plugin_backbone']
