"""Transforms that MMSegmentation does not have."""
from .binary import LoadBinaryAnnotations
from .blur import RandomGaussianBlur
from .checked_loading import LoadCheckedAnnotations, LoadCheckedImageFromFile
from .defect_crop import DefectCrop
from .loading import LoadSEMAnnotations, LoadSEMImageFromFile

__all__ = [
    'DefectCrop', 'LoadBinaryAnnotations', 'LoadCheckedAnnotations',
    'LoadCheckedImageFromFile', 'LoadSEMAnnotations', 'LoadSEMImageFromFile',
    'RandomGaussianBlur'
]
