"""Segmentors that differ from mmseg's in training or in their widths."""
from .adversarial import AdversarialEncoderDecoder
from .distill import DistillEncoderDecoder, DistillMixin
from .few_shot import FewShotEncoderDecoder
from .pruned import PrunedEncoderDecoder, PrunedMixin
from .search import SearchEncoderDecoder
from .self_training import SelfTrainingEncoderDecoder
from .teacher import Teacher
from .widths import apply_widths, read_widths, widths_of

__all__ = [
    'AdversarialEncoderDecoder', 'DistillEncoderDecoder', 'DistillMixin',
    'FewShotEncoderDecoder', 'PrunedEncoderDecoder', 'PrunedMixin',
    'SearchEncoderDecoder', 'SelfTrainingEncoderDecoder', 'Teacher',
    'apply_widths', 'read_widths', 'widths_of'
]
