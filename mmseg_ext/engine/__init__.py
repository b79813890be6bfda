"""From a config file and command-line options to a stock Runner."""
from .averaged_weights_hook import AveragedWeightsHook
from .class_prior_hook import ClassPriorHook
from .config_files import find_config, read_config
from .cpu_amp import ChannelsLastHook, CpuAmpOptimWrapper
from .curves import CurvesHook
from .early_stopping_hook import ResumableEarlyStoppingHook
from .extras import require_extra
from .launch import load_config, test, train
from .options import config_from_options
from .pretrained import check_weights, remove_pretrained
from .random_state_hook import RandomStateHook
from .trained import load_trained
from .validation_loss_hook import ValidationLossHook

__all__ = [
    'AveragedWeightsHook', 'ChannelsLastHook', 'ClassPriorHook',
    'CpuAmpOptimWrapper', 'CurvesHook', 'RandomStateHook',
    'ResumableEarlyStoppingHook', 'ValidationLossHook', 'check_weights',
    'config_from_options', 'find_config', 'load_config', 'load_trained',
    'read_config', 'remove_pretrained', 'require_extra', 'test', 'train'
]
