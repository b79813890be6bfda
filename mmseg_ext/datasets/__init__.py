"""Datasets and transforms, registered in MMSegmentation's registries."""
from .cityscapes import CheckedCityscapesDataset
from .mvtec_ad import MVTecADDataset
from .sem import SEMDataset
from .transforms import (
    LoadBinaryAnnotations,
    LoadSEMAnnotations,
    LoadSEMImageFromFile,
    RandomGaussianBlur,
)

__all__ = [
    'CheckedCityscapesDataset', 'LoadBinaryAnnotations', 'LoadSEMAnnotations',
    'LoadSEMImageFromFile', 'MVTecADDataset', 'RandomGaussianBlur',
    'SEMDataset'
]
