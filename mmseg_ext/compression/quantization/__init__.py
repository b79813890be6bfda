"""Eight bits: an exported file that says the same in less time."""
from .calibration import hold_back
from .comparison import Sample
from .quantize import QuantizationReport, QuantizationSettings, quantize_model

__all__ = [
    'QuantizationReport', 'QuantizationSettings', 'Sample', 'hold_back',
    'quantize_model'
]
