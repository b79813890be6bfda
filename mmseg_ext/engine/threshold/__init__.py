"""The threshold of a defect class, chosen on images with ground truth."""
from .moved import MovedThreshold, moved_weights, write_moved
from .threshold_hook import ThresholdHook, threshold_file
from .tool import choose_threshold

__all__ = [
    'MovedThreshold', 'ThresholdHook', 'choose_threshold', 'moved_weights',
    'threshold_file', 'write_moved'
]
