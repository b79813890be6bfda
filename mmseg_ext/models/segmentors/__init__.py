"""Segmentors that differ from mmseg's in training or in their widths."""
from .distill import DistillEncoderDecoder, DistillMixin
from .few_shot import FewShotEncoderDecoder
from .pruned import PrunedEncoderDecoder, PrunedMixin
from .teacher import Teacher
from .widths import apply_widths, read_widths, widths_of

__all__ = [
    'DistillEncoderDecoder', 'DistillMixin', 'FewShotEncoderDecoder',
    'PrunedEncoderDecoder', 'PrunedMixin', 'Teacher', 'apply_widths',
    'read_widths', 'widths_of'
]
