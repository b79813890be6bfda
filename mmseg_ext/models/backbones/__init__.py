"""Backbones."""
from .resunet import ResUNet

__all__ = ['ResUNet']
