"""Weights for a backbone that has none: it learns another one's maps."""
from .calibration_hook import CalibrationHook
from .planned import pretrain_as_planned
from .pretrain import Pretrained, pretrain
from .settings import Settings
from .weights_file import config_lines

__all__ = [
    'CalibrationHook', 'Pretrained', 'Settings', 'config_lines', 'pretrain',
    'pretrain_as_planned'
]
