"""Measurements behind the claims of the README."""
from .attention import compare_attention
from .deform_conv import compare_deform_conv
from .measure import StepCost

__all__ = ['StepCost', 'compare_attention', 'compare_deform_conv']
