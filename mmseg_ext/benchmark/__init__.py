"""Measurements behind the claims of the README."""
from .attention import AttentionCost, compare_attention

__all__ = ['AttentionCost', 'compare_attention']
