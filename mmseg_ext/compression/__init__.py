"""Smaller and faster models, each a step between two files."""
from .importance import IMPORTANCES
from .prune import prune_model
from .pruner import Pruner
from .pruning_settings import PruningSettings

__all__ = ['IMPORTANCES', 'Pruner', 'PruningSettings', 'prune_model']
