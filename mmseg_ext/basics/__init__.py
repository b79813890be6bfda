"""What needs no torch and no mmseg: files, images, colours, statistics.

Prediction from an ONNX file runs on this alone (``mmseg_ext.inference``).
"""
from .allocator import (
    keep_freed_blocks,
    return_freed_blocks,
    trim_heap,
)
from .begun_folder import check_settings, claimed_folder, open_folder
from .colours import paint
from .command_line import command_for
from .csv_files import CsvWriter, read_rows
from .duration import format_duration
from .errors import user_sentence
from .file_lock import FileLock, locked
from .files import read_bytes, replaced_file, write_atomically
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
from .printable import name_fault, printable
from .shipped import shipped

__all__ = [
    'IMAGE_SUFFIXES', 'MASK_SUFFIXES', 'CsvWriter', 'FileLock',
    'check_settings', 'claimed_folder', 'command_for', 'confidence_interval',
    'decode_file', 'decode_image', 'decode_mask', 'find_information_band',
    'format_duration', 'keep_freed_blocks', 'locked', 'name_fault',
    'open_folder', 'paint', 'printable', 'read_bytes', 'read_image',
    'read_mask', 'read_rows', 'read_size', 'replaced_file',
    'return_freed_blocks', 'shipped', 'to_8_bit', 'trim_heap',
    'user_sentence', 'write_atomically'
]
