"""Datasets, samplers and transforms, in MMSegmentation's registries."""
from .balanced_sampler import DefectBalancedSampler
from .cityscapes import CheckedCityscapesDataset
from .domain_batches import DomainBatchSampler
from .episodic import EpisodicDataset, collate_episodes
from .halves import HalvesBatchSampler, HalvesDataset
from .ksdd2 import KSDD2Dataset
from .ksdd2_classification import KSDD2ClassificationDataset
from .mvtec_ad import MVTecADDataset
from .sem import SEMDataset
from .source_target import SourceTargetDataset
from .transforms import (
    CropBottom,
    DefectCrop,
    LoadBinaryAnnotations,
    LoadCheckedAnnotations,
    LoadCheckedImageFromFile,
    LoadNoAnnotations,
    LoadSEMAnnotations,
    LoadSEMImageFromFile,
    RandomBrightnessContrastGamma,
    RandomGaussianBlur,
    RandomQuarterTurn,
    RandomScaledCrop,
    RareClassCrop,
)
from .unlabeled import UnlabeledDataset

__all__ = [
    'CheckedCityscapesDataset', 'CropBottom', 'DefectBalancedSampler',
    'DefectCrop', 'DomainBatchSampler', 'EpisodicDataset',
    'HalvesBatchSampler', 'HalvesDataset', 'KSDD2ClassificationDataset',
    'KSDD2Dataset', 'LoadBinaryAnnotations', 'LoadCheckedAnnotations',
    'LoadCheckedImageFromFile', 'LoadNoAnnotations', 'LoadSEMAnnotations',
    'LoadSEMImageFromFile', 'MVTecADDataset', 'RandomBrightnessContrastGamma',
    'RandomGaussianBlur', 'RandomQuarterTurn', 'RandomScaledCrop',
    'RareClassCrop', 'SEMDataset', 'SourceTargetDataset', 'UnlabeledDataset',
    'collate_episodes'
]
