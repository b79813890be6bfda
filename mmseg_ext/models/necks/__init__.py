"""Necks: from a backbone's feature maps to the maps of a decode head."""
from .multi_scale_cross_attention import MultiScaleCrossAttentionNeck

__all__ = ['MultiScaleCrossAttentionNeck']
