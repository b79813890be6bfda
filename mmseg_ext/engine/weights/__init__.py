"""Weights of pretrained encoders, by address.

``package://`` are brought by pip packages, ``micronet://`` were trained on
micrographs, ``timm://`` are timm's own. mmengine's loader knows them once
this is imported.
"""
from .describe import describe_weights, normalization_mismatches
from .hardnet import convert_fchardnet, to_fchardnet
from .scheme import Normalization, WeightsError
from .schemes import SCHEMES, find_scheme, load_from_scheme
from .strict_init import StrictPretrainedInit

__all__ = [
    'SCHEMES', 'Normalization', 'StrictPretrainedInit', 'WeightsError',
    'convert_fchardnet', 'describe_weights', 'find_scheme',
    'load_from_scheme', 'normalization_mismatches', 'to_fchardnet'
]
