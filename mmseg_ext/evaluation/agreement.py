"""How far two ways to measure the same thing agree."""
from dataclasses import dataclass

import numpy as np
from scipy import special  # stats takes most of a second to import

LIMIT = 1.96  # standard deviations, between which 95 % of differences lie


@dataclass(frozen=True)
class Agreement:
    """Bias and limits of agreement of measurements with the truth.

    Attributes:
        bias: Mean of measured minus true.
        deviation: Standard deviation of the differences; nan of one.
        error: Mean absolute difference.
        low: Lower limit of agreement.
        high: Upper limit.
        bias_half: Half width of the bias's 95 % confidence interval.
    """
    bias: float
    deviation: float
    error: float
    low: float
    high: float
    bias_half: float

    @property
    def biased(self) -> bool:
        """Whether the interval of the bias leaves 0 out."""
        return abs(self.bias) > self.bias_half


def bland_altman(measured: np.ndarray, true: np.ndarray) -> Agreement:
    """Compare measurements with the truth.

    Bias b = mean(d) of the differences d, limits b +- 1.96 s with their
    standard deviation s, and the interval of the bias b +- t(0.975, n - 1)
    s / sqrt(n).

    Args:
        measured: (n, ).
        true: (n, ), of the same things.

    Raises:
        ValueError: If they are not equally many, or none.

    Reference:
        Bland and Altman, Statistical methods for assessing agreement between
        two methods of clinical measurement, Lancet 327:307, 1986.
    """
    measured, true = np.asarray(measured, float), np.asarray(true, float)
    if measured.shape != true.shape or measured.ndim != 1 or not len(true):
        raise ValueError(f'{measured.shape} measurements and {true.shape} '
                         'true values: must be equally many in a row')
    differences = measured - true
    bias, number = float(differences.mean()), len(differences)
    deviation = half = float('nan')
    if number > 1:
        deviation = float(differences.std(ddof=1))
        half = float(special.stdtrit(number - 1, 0.975) * deviation
                     / np.sqrt(number))
    return Agreement(bias, deviation, float(np.abs(differences).mean()),
                     bias - LIMIT * deviation, bias + LIMIT * deviation, half)
