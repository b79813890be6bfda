"""Fewer channels: a trained model that is narrower, and trained on."""
from .importance import IMPORTANCES
from .prune import prune_model
from .pruner import Pruner
from .settings import PruningSettings

__all__ = ['IMPORTANCES', 'Pruner', 'PruningSettings', 'prune_model']
