"""A training's losses and metrics as a picture and a table."""
from .curves_hook import CurvesHook
from .history import History

__all__ = ['CurvesHook', 'History']
