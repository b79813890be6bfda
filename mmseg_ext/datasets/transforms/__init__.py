"""Transforms that MMSegmentation does not have."""
from .binary import LoadBinaryAnnotations
from .blur import RandomGaussianBlur
from .loading import LoadSEMAnnotations, LoadSEMImageFromFile

__all__ = [
    'LoadBinaryAnnotations', 'LoadSEMAnnotations', 'LoadSEMImageFromFile',
    'RandomGaussianBlur'
]
