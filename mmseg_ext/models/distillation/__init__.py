"""Networks that learn from other networks; training only."""
from .feature_distiller import FeatureDistiller
from .map_matching import as_maps, match_maps

__all__ = ['FeatureDistiller', 'as_maps', 'match_maps']
