"""How undecided a model is about an image, without its mask."""
import numpy as np

from .predictor import LogitModel
from .probabilities import entropy_of, probabilities_of


def entropies(logits: np.ndarray) -> np.ndarray:
    """Return the entropy of the classes at each pixel.

    Args:
        logits: (B, C, H, W), of :meth:`LogitModel.logits`.

    Returns:
        (B, H, W), 0: one class is certain, 1: all are as likely.
    """
    return entropy_of(probabilities_of(np.swapaxes(logits, 0, 1)))


class EntropyMeter(LogitModel):
    """A model that notes how undecided it is about what it is shown.

    Where tiles overlap, both count.

    Args:
        model: What predicts.
    """

    def __init__(self, model: LogitModel) -> None:
        self.model = model
        for name in ('classes', 'palette', 'weights', 'details', 'tiling',
                     'max_whole', 'resizes', 'bit_depth', 'crop_bottom',
                     'match', 'intensities'):
            setattr(self, name, getattr(model, name))
        self._sum = self._pixels = 0.0

    def logits(self, batch: np.ndarray) -> np.ndarray:
        found = self.model.logits(batch)
        measured = entropies(found)
        self._sum += float(measured.sum(dtype=np.float64))
        self._pixels += measured.size
        return found

    def take(self) -> float:
        """Return the mean entropy since the last call, 0 to 1."""
        mean = self._sum / max(self._pixels, 1)
        self._sum = self._pixels = 0.0
        return mean
