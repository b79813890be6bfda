"""Phase fractions over several images: mean, spread, confidence."""
import math
from collections.abc import Mapping

import numpy as np
from scipy import special  # stats takes most of a second to import

FEW = 5  # images; of fewer the spread is hardly known


def confidence_interval(fractions: np.ndarray) -> np.ndarray:
    """Half width of the 95 % confidence interval of the mean over images.

    t(0.975, n - 1) * s / sqrt(n), with s the standard deviation over the n
    images (n - 1 in its denominator).

    Args:
        fractions: (num_images, num_classes).

    Returns:
        (num_classes,), nan where there are fewer than two images.

    Reference:
        ASTM E562 (point counts) and E1245 (image analysis), same form.
    """
    num_images = len(fractions)
    if num_images < 2:
        return np.full(fractions.shape[1], np.nan)
    spread = fractions.std(axis=0, ddof=1)
    quantile = special.stdtrit(num_images - 1, 0.975)
    return quantile * spread / np.sqrt(num_images)


def interval_ends(mean: float, half: float) -> tuple[float, float]:
    """Return where an interval begins and ends, within 0 to 100.

    Args:
        mean: Mean fraction in percent.
        half: Half width of its interval, see :func:`confidence_interval`.
    """
    return max(mean - half, 0.0), min(mean + half, 100.0)


def write_interval(mean: float, half: float, digits: int = 2) -> str:
    """Write '12.00 to 30.00', or '' where there is no interval."""
    if math.isnan(half):
        return ''
    low, high = interval_ends(mean, half)
    return f'{low:.{digits}f} to {high:.{digits}f}'


def describe_limits(num_images: int,
                    accuracies: Mapping[str, float]) -> list[str]:
    """Say in words what means and intervals do not tell.

    Args:
        num_images: Over which the means are.
        accuracies: Name of a phase -> half width of its interval in percent
            of its mean; nan where there is none.

    Returns:
        Sentences; none if there is nothing to say.
    """
    sentences = []
    if num_images == 1:
        sentences.append('One image has no confidence interval: take five or '
                         'more, at random places.')
    elif 0 < num_images < FEW:
        sentences.append(
            f'Only {num_images} images: how much images differ is hardly '
            'known from so few, and neither are the intervals. Take five or '
            'more, at random places.')
    unknown = [name for name, accuracy in accuracies.items()
               if accuracy > 100]
    if unknown:
        sentences.append(
            f'The interval of {", ".join(unknown)} is wider than the mean '
            'itself (relative accuracy over 100 %): how much there is of it '
            'is not known. More images make it narrower.')
    return sentences
