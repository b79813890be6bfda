"""Transforms that MMSegmentation does not have."""
from .binary import LoadBinaryAnnotations
from .blur import RandomGaussianBlur
from .checked_loading import LoadCheckedAnnotations, LoadCheckedImageFromFile
from .crop_bottom import CropBottom
from .defect_crop import DefectCrop
from .loading import LoadSEMAnnotations, LoadSEMImageFromFile
from .match_intensity import MatchIntensity
from .no_annotations import LoadNoAnnotations
from .photometric import RandomBrightnessContrastGamma
from .quarter_turn import RandomQuarterTurn
from .rare_class_crop import RareClassCrop
from .scaled_crop import RandomScaledCrop

__all__ = [
    'CropBottom', 'DefectCrop', 'LoadBinaryAnnotations',
    'LoadCheckedAnnotations', 'LoadCheckedImageFromFile', 'LoadNoAnnotations',
    'LoadSEMAnnotations', 'LoadSEMImageFromFile', 'MatchIntensity',
    'RandomBrightnessContrastGamma', 'RandomGaussianBlur', 'RandomQuarterTurn',
    'RandomScaledCrop', 'RareClassCrop'
]
