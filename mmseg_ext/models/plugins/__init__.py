"""Layers that backbones insert: by ``plugins=``, or by PluginBackbone."""
from .deformable_psa import DeformablePSA

__all__ = ['DeformablePSA']
