"""A trained model for images of another appearance, without their labels."""
from .adapt import adapt_model
from .report import AdaptationReport
from .settings import METHODS, AdaptationSettings

__all__ = ['METHODS', 'AdaptationReport', 'AdaptationSettings', 'adapt_model']
