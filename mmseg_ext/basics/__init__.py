"""What needs no torch and no mmseg: files, images, colours, statistics.

Prediction from an ONNX file runs on this alone (``mmseg_ext.inference``).
"""
from .begun_folder import check_settings, open_folder
from .colours import paint
from .files import write_atomically
from .freed_memory import (
    keep_freed_memory,
    return_freed_memory,
    trim_memory,
)
from .image_files import IMAGE_SUFFIXES, decode_image, read_image, to_8_bit
from .information_band import find_information_band
from .phase_fractions import confidence_interval

__all__ = [
    'IMAGE_SUFFIXES', 'check_settings', 'confidence_interval', 'decode_image',
    'find_information_band', 'keep_freed_memory', 'open_folder', 'paint',
    'read_image', 'return_freed_memory', 'to_8_bit', 'trim_memory',
    'write_atomically'
]
