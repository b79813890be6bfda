"""Phase fractions of several images, summed up after ASTM E562 and E1245."""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmseg_ext.basics import confidence_interval
from mmseg_ext.basics.phase_fractions import interval_ends


@dataclass(frozen=True)
class PhaseSummary:
    """The fraction of a phase over all images.

    Attributes:
        phase: Its name.
        n: Number of images (fields, in the standards' terms).
        mean_percent: Mean over images of its fraction in the pixels.
        std_percent: Standard deviation over images, n - 1 in the
            denominator; nan for one image.
        ci95_percent: Half width of the 95 % confidence interval of the
            mean, t(0.975, n - 1) * std / sqrt(n), in percentage points; nan
            for one image. The interval ends at 0 and 100 all the same, see
            :attr:`interval`.
        relative_accuracy_percent: ``ci95_percent`` in percent of the mean;
            nan for one image, and where the mean is 0.
    """
    phase: str
    n: int
    mean_percent: float
    std_percent: float
    ci95_percent: float
    relative_accuracy_percent: float

    @property
    def interval(self) -> tuple[float, float]:
        """Where the interval begins and ends, in percent."""
        return interval_ends(self.mean_percent, self.ci95_percent)


def summarize_phases(fractions: Sequence[np.ndarray],
                     classes: Sequence[str]) -> list[PhaseSummary]:
    """Return mean, spread and confidence of every phase's fraction.

    The interval says how far the mean over these images may be from that
    over all of the sample, if they were taken at random places; images that
    overlap make it too narrow. What the model gets wrong in every image is
    not in it: see :class:`~.validation.Validation` for that.

    Args:
        fractions: Of each image, (num_classes,), 0 to 1.
        classes: Names of the classes.

    Raises:
        ValueError: If there is no image.

    Reference:
        ASTM E562 (point counts) and E1245 (image analysis).
    """
    percent = 100 * np.asarray(fractions, np.float64).reshape(
        -1, len(classes))
    n = len(percent)
    if not n:
        raise ValueError('Phase fractions need at least one image')
    mean = percent.mean(axis=0)
    std = percent.std(axis=0, ddof=1) if n > 1 else np.full(len(mean), np.nan)
    interval = confidence_interval(percent)
    accuracy = np.divide(
        100 * interval, mean, out=np.full(len(mean), np.nan), where=mean > 0)
    return [
        PhaseSummary(phase, n, *(float(value[i]) for value in (
            mean, std, interval, accuracy)))
        for i, phase in enumerate(classes)
    ]


def check_phase(name: str, phases: Sequence[str], option: str) -> None:
    """Raise ValueError if the phase of an option is none of a model's."""
    if name not in phases:
        raise ValueError(f'{option}={name!r}: the phases are '
                         f'{", ".join(phases)}')


def named_phases(config: str) -> Sequence[str]:
    """Return the phases that a config itself names.

    There are none where they follow from its data set's class, which is
    known only once torch and MMSegmentation are imported.
    """
    from mmseg_ext.basics.config_files import read_config  # needs mmengine
    dataset = (read_config(config).get('test_dataloader') or {}).get(
        'dataset') or {}
    return (dataset.get('metainfo') or {}).get('classes') or ()
