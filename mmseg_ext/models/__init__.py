"""Models, registered in MMSegmentation's own registries."""
from .necks import MultiScaleCrossAttentionNeck

__all__ = ['MultiScaleCrossAttentionNeck']
