"""Segmentors that differ from mmseg's in their training."""
from .distill import DistillEncoderDecoder, DistillMixin
from .teacher import Teacher

__all__ = ['DistillEncoderDecoder', 'DistillMixin', 'Teacher']
