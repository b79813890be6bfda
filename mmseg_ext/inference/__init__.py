"""Prediction of images without masks: classes, phase fractions, features.

In Python, arrays in and arrays and a small report out::

    from mmseg_ext.inference import TorchModel, predict, summarize_phases

    model = TorchModel('config.py', 'iter_2000.pth')
    predictions = [predict(model, image) for image in images]
    predictions[0].mask       # (H, W) uint8, class ids
    predictions[0].fractions  # (num_classes,), 0 to 1
    fractions = [prediction.fractions for prediction in predictions]
    for phase in summarize_phases(fractions, model.classes):
        print(phase)          # mean, 95 % confidence interval, ...

``OnnxModel('model.onnx')`` in place of ``TorchModel`` needs neither torch nor
MMSegmentation; nor does anything else here.
"""
from importlib import import_module

from .ensemble import EnsembleModel, load_folds
from .features import Features, find_features
from .inputs import list_inputs
from .job import PredictionJob
from .model_files import ModelFiles
from .parts import Parts
from .phases import PhaseSummary, summarize_phases
from .predictor import LogitModel, Prediction, predict
from .run_record import RunRecord
from .tiling import Tiling, predict_tiled
from .validation import Validation

__all__ = [
    'EnsembleModel', 'Features', 'LogitModel', 'ModelFiles', 'OnnxModel',
    'Parts', 'PhaseSummary', 'Prediction', 'PredictionJob', 'RunRecord',
    'Tiling', 'TorchModel', 'Validation', 'find_features', 'list_inputs',
    'load_folds', 'predict', 'predict_tiled', 'summarize_phases'
]

# Read when they are asked for: the first needs torch and MMSegmentation, the
# second onnxruntime.
LATE = dict(TorchModel='.torch_model', OnnxModel='.onnx_model')


def __getattr__(name: str):
    if name not in LATE:
        raise AttributeError(f'{__name__} has no {name}')
    try:
        return getattr(import_module(LATE[name], __name__), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            f'{name} needs a package that is not installed: {error}. Install '
            'mmseg_ext in full, or predict from an ONNX file') from error
