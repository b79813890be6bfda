"""From a config file and command-line options to a stock Runner."""
from mmseg_ext.basics.config_files import find_config, read_config
from mmseg_ext.basics.extras import require_extra

from .adaptation_hook import AdaptationHook
from .averaged_weights_hook import AveragedWeightsHook
from .class_prior_hook import ClassPriorHook
from .cpu_amp import ChannelsLastHook, CpuAmpOptimWrapper
from .curves import CurvesHook
from .divergence_hook import DivergenceHook
from .early_stopping_hook import ResumableEarlyStoppingHook
from .heads import set_in_heads
from .launch import load_config, test, train
from .mlflow_backend import PlainMLflowVisBackend
from .options import config_from_options
from .pretrained import check_weights, remove_pretrained
from .pretraining import CalibrationHook
from .random_state_hook import RandomStateHook
from .search_hook import SearchHook
from .search_optimizers import SearchOptimWrapperConstructor
from .threshold import ThresholdHook, choose_threshold
from .trained import load_trained
from .training_options import learn_from
from .two_domains import two_domains
from .two_halves import two_halves
from .validation_loss_hook import ValidationLossHook
from .weights import StrictPretrainedInit, WeightsError, describe_weights

__all__ = [
    'AdaptationHook', 'AveragedWeightsHook', 'CalibrationHook',
    'ChannelsLastHook', 'ClassPriorHook', 'CpuAmpOptimWrapper', 'CurvesHook',
    'DivergenceHook', 'PlainMLflowVisBackend', 'RandomStateHook',
    'ResumableEarlyStoppingHook', 'SearchHook',
    'SearchOptimWrapperConstructor', 'StrictPretrainedInit', 'ThresholdHook',
    'ValidationLossHook', 'WeightsError', 'check_weights', 'choose_threshold',
    'config_from_options', 'describe_weights', 'find_config', 'learn_from',
    'load_config', 'load_trained', 'read_config', 'remove_pretrained',
    'require_extra', 'set_in_heads', 'test', 'train', 'two_domains',
    'two_halves'
]
