"""The threshold of a defect class, chosen on images with ground truth."""
from .choose import choose_threshold
from .moved import MovedThreshold, moved_weights, write_moved
from .threshold_hook import ThresholdHook, threshold_file

__all__ = [
    'MovedThreshold', 'ThresholdHook', 'choose_threshold', 'moved_weights',
    'threshold_file', 'write_moved'
]
