"""From a folder of images and masks to a config that trains on it."""
from .folds import Folds, make_folds, read_folds, read_keys
from .plan import Plan, Wishes, make_plan
from .report import describe_plan

__all__ = [
    'Folds', 'Plan', 'Wishes', 'describe_plan', 'make_folds', 'make_plan',
    'read_folds', 'read_keys'
]
