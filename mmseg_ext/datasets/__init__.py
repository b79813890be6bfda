"""Datasets and transforms, registered in MMSegmentation's registries."""
from .sem import SEMDataset
from .transforms import (
                         LoadSEMAnnotations,
                         LoadSEMImageFromFile,
                         RandomGaussianBlur,
)

__all__ = [
    'LoadSEMAnnotations', 'LoadSEMImageFromFile', 'RandomGaussianBlur',
    'SEMDataset'
]
