"""What a user chooses about adapting a model."""
from dataclasses import dataclass

from mmseg_ext.basics.arguments import check_at_least, check_choice
from mmseg_ext.basics.intensity import HISTOGRAM, INTENSITY

BATCH_NORM = 'batch-norm'
METHODS = (INTENSITY, HISTOGRAM, BATCH_NORM)


@dataclass(frozen=True)
class AdaptationSettings:
    """How a model is adapted to other images.

    Attributes:
        method: 'intensity' or 'histogram': match each image's grey levels to
            those of training, see
            :meth:`~mmseg_ext.basics.intensity_statistics.IntensityStatistics.match`;
            'batch-norm': take the statistics of batch norms anew.
        alpha: Of 'batch-norm': fraction of the new statistics, above 0 to 1;
            the rest is of the old ones.
        crops: Of 'batch-norm': number of crops to take statistics from.
        seed: Of their places.

    Raises:
        ValueError: If a value is not allowed.

    Reference:
        Li et al., Revisiting Batch Normalization For Practical Domain
        Adaptation, 2016 ('batch-norm').
    """
    method: str = INTENSITY
    alpha: float = 1.0
    crops: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice('method', self.method, METHODS)
        if not 0 < self.alpha <= 1:
            raise ValueError(f'alpha={self.alpha!r}: must be above 0, and 1 '
                             'at most')
        check_at_least(2, crops=self.crops)
