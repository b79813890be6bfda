"""Every module that MMSegmentation's registries get from this package."""
from . import datasets, engine, evaluation, models, visualization

__all__ = ['datasets', 'engine', 'evaluation', 'models', 'visualization']
