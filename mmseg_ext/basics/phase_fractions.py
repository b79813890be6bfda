"""Phase fractions over several images: mean, spread, confidence."""
import numpy as np
from scipy import special  # stats takes most of a second to import


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
