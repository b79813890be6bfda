"""Segmentors that differ from mmseg's in their widths."""
from .pruned import PrunedEncoderDecoder, PrunedMixin
from .widths import apply_widths, read_widths, widths_of

__all__ = ['PrunedEncoderDecoder', 'PrunedMixin', 'apply_widths',
           'read_widths', 'widths_of']
