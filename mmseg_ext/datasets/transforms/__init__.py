"""Transforms that MMSegmentation does not have."""
from .blur import RandomGaussianBlur
from .loading import LoadSEMAnnotations, LoadSEMImageFromFile

__all__ = [
    'LoadSEMAnnotations', 'LoadSEMImageFromFile', 'RandomGaussianBlur'
]
