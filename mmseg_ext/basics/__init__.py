"""What needs no torch and no mmseg: files, images, colours, statistics.

Prediction from an ONNX file runs on this alone (``mmseg_ext.inference``).
"""
from .begun_folder import check_settings, open_folder
from .colours import paint
from .command_line import command_for
from .duration import format_duration
from .errors import user_sentence
from .files import read_bytes, write_atomically
from .freed_memory import (
    keep_freed_memory,
    return_freed_memory,
    trim_memory,
)
from .image_files import (
    IMAGE_SUFFIXES,
    decode_file,
    decode_image,
    read_image,
    read_size,
    to_8_bit,
)
from .information_band import find_information_band
from .mask_files import MASK_SUFFIXES, decode_mask, read_mask
from .phase_fractions import confidence_interval
from .shipped import shipped

__all__ = [
    'IMAGE_SUFFIXES', 'MASK_SUFFIXES', 'check_settings', 'command_for',
    'confidence_interval', 'decode_file', 'decode_image', 'decode_mask',
    'find_information_band', 'format_duration', 'keep_freed_memory',
    'open_folder', 'paint', 'read_bytes', 'read_image', 'read_mask',
    'read_size', 'return_freed_memory', 'shipped', 'to_8_bit', 'trim_memory',
    'user_sentence', 'write_atomically'
]
