"""Several models, or several views of an image, as one model."""
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mmseg_ext.basics.files import sha256

from .predictor import LogitModel
from .probabilities import is_thresholded, probabilities_of

VIEWS = dict(none=((1, 1), ), flips=((1, 1), (1, -1), (-1, 1), (-1, -1)))
SAME = ('classes', 'palette', 'bit_depth', 'crop_bottom', 'resizes',
        'match')
WEIGHTS = 'runs/fold_*/seed_*/weights.pth'  # of tools/cross_validate.py


class EnsembleModel(LogitModel):
    """The mean of the probabilities of several models and views.

    Its logits are the logarithms of the means.

    Args:
        models: One or more, of the same classes and preparation of images.
        tta: 'none', or 'flips': an image is also predicted mirrored from
            left to right, from top to bottom, and both, and the predictions
            are mirrored back.

    Raises:
        ValueError: If the models do not go together.
    """

    def __init__(self, models: Sequence[LogitModel],
                 tta: str = 'none') -> None:
        first, *others = self.models = tuple(models)
        for other in others:
            for name in SAME:
                one, two = getattr(first, name), getattr(other, name)
                if one != two:
                    raise ValueError(
                        f'{first.weights} and {other.weights} make no '
                        f'ensemble: {name} of one is {one}, of the other '
                        f'{two}')
        for name in (*SAME, 'weights', 'tiling', 'max_whole'):
            setattr(self, name, getattr(first, name))
        if not others:  # of several each has seen other images
            self.intensities = first.intensities
            self.config_and_checkpoint = first.config_and_checkpoint
        self.views = VIEWS[tta]
        self.details = dict(first.details)
        if others:
            self.details['ensemble'] = [
                f'{model.weights} {sha256(model.weights)}'
                for model in self.models]
        if tta != 'none':
            self.details['tta'] = tta

    def logits(self, batch: np.ndarray) -> np.ndarray:
        total, number = None, 0
        for found in self._views(batch):
            total = found if total is None else total + found
            number += 1
        mean = total / number
        if is_thresholded(np.swapaxes(mean, 0, 1)):
            return mean
        return np.log(np.maximum(mean, np.finfo(np.float32).tiny))

    def _views(self, batch: np.ndarray) -> Iterator[np.ndarray]:
        """Yield what each model makes of each view, (B, C, H, W)."""
        for model in self.models:
            for rows, columns in self.views:
                view = np.ascontiguousarray(batch[:, ::rows, ::columns])
                found = model.logits(view)[..., ::rows, ::columns]
                by_class = np.swapaxes(found, 0, 1)  # (C, B, H, W)
                yield found if is_thresholded(by_class) else np.swapaxes(
                    probabilities_of(by_class), 0, 1)


def load_folds(folder: Path,
               load: Callable[[str, str], LogitModel]) -> list[LogitModel]:
    """Load the models that ``tools/cross_validate.py`` has trained.

    Args:
        folder: Of its results.
        load: Called with the config and the weights of each.

    Raises:
        FileNotFoundError: If no fold is finished there.
    """
    found = sorted(folder.glob(WEIGHTS))
    if not found:
        raise FileNotFoundError(
            f'{folder} has no {WEIGHTS}: name a folder of cross_validate in '
            'which a fold is finished')
    return [load(str(path.with_name('config.py')), str(path))
            for path in found]
