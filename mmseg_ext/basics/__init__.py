"""What needs no torch and no mmseg: files, images, colours, statistics.

Prediction from an ONNX file runs on this alone (``mmseg_ext.inference``).
"""
from .begun_folder import check_settings, open_folder
from .colours import paint
from .files import write_atomically
from .image_files import IMAGE_SUFFIXES, decode_image, read_image, to_8_bit
from .information_band import find_information_band
from .phase_fractions import confidence_interval

__all__ = [
    'IMAGE_SUFFIXES', 'check_settings', 'confidence_interval', 'decode_image',
    'find_information_band', 'open_folder', 'paint', 'read_image', 'to_8_bit',
    'write_atomically'
]
