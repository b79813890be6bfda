"""The formats of image files: what a header says, and the pixels.

Each module but the first and the last reads one format, by a ``Reader`` that
``mmseg_ext.basics.image_files`` chooses by the first bytes of the file.
"""
from .bmp import BmpReader
from .facts import (
    SMALL,
    Damaged,
    Facts,
    Indexed,
    Reader,
    Unsupported,
    transparent_mask,
)
from .jpeg import JpegReader
from .pillow import PillowReader, format_of
from .png import PngReader
from .tiff import TiffReader

__all__ = [
    'SMALL', 'BmpReader', 'Damaged', 'Facts', 'Indexed', 'JpegReader',
    'PillowReader', 'PngReader', 'Reader', 'TiffReader', 'Unsupported',
    'format_of', 'transparent_mask'
]
