"""Models to compare: folders of predictions, or checkpoints."""
from collections.abc import Sequence

import numpy as np

from mmseg_ext.visualization import predictions_in
from mmseg_ext.visualization.comparison import Predictor

from .predictor import LogitModel, predict
from .torch_model import TorchModel


def models_to_compare(
        folders: Sequence[str] = (),
        models: Sequence[tuple[str, str, str]] = (),
        image_folders: Sequence[str] = ()) -> dict[str, Predictor]:
    """Return name -> function of a sample that returns its class ids.

    Args:
        folders: ``NAME=FOLDER`` of what an IoU metric has written, see
            :func:`~mmseg_ext.visualization.predictions_in`.
        models: Name, config and checkpoint of models that predict.
        image_folders: Folders of the images, from which the predictions'
            names start.

    Raises:
        ValueError: If a folder has no name.
    """
    found: dict[str, Predictor] = {}
    for pair in folders:
        name, separator, folder = pair.partition('=')
        if not separator:
            raise ValueError(f'--predictions {pair}: NAME=FOLDER is expected')
        found[name] = predictions_in(folder, image_folders)
    for name, config, checkpoint in models:
        found[name] = _predictor(TorchModel(config, checkpoint))
    return found


def _predictor(model: LogitModel) -> Predictor:
    def read(sample: dict) -> np.ndarray:
        return predict(model, sample['img']).mask
    return read
