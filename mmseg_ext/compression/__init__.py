"""Smaller and faster files of trained models, as trades that are measured.

Each is a step between two files that the other tools take.
"""
from .calibration import hold_back
from .comparison import Sample
from .quantize import QuantizationReport, QuantizationSettings, quantize_model

__all__ = [
    'QuantizationReport', 'QuantizationSettings', 'Sample', 'hold_back',
    'quantize_model'
]
