"""From a folder of images and masks to a config that trains on it."""
from .plan import Plan, Wishes, make_plan
from .report import describe_plan

__all__ = ['Plan', 'Wishes', 'describe_plan', 'make_plan']
