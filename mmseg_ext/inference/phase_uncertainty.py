"""The fraction of a phase with the model's own error in its interval."""
import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmseg_ext.basics.phase_fractions import FEW


@dataclass(frozen=True)
class PhaseUncertainty:
    """A line of ``phases_uncertainty.csv``; nan where something is unknown.

    Attributes:
        phase: Its name.
        n: Number of images that were predicted.
        m: Number of validated images, or groups of those that belong
            together.
        predicted_percent: Mean fraction as predicted.
        bias_percent: Mean out-of-fold error, predicted - true, in percentage
            points, as all below until ``u_percent``.
        bias_low: Lower end of its 95 % interval.
        bias_high: Upper end.
        correction: 'none', 'bias' or 'confusion'.
        fraction_percent: The fraction after it, within 0 to 100.
        u_fields: Standard uncertainty by the spread between images.
        u_model: By the model's error.
        u_percent: Combined.
        degrees_of_freedom: Effective ones of it.
        coverage_factor: k of the 95 % interval.
        low_percent: Its lower end.
        high_percent: Its upper end.
        relative_accuracy_percent: k u in percent of the fraction.
    """
    phase: str
    n: int
    m: int
    predicted_percent: float
    bias_percent: float
    bias_low: float
    bias_high: float
    correction: str
    fraction_percent: float
    u_fields: float
    u_model: float
    u_percent: float
    degrees_of_freedom: float
    coverage_factor: float
    low_percent: float
    high_percent: float
    relative_accuracy_percent: float

    @property
    def biased(self) -> bool:
        """Whether the interval of the bias leaves 0 out."""
        return self.bias_low > 0 or self.bias_high < 0

    @property
    def below(self) -> bool:
        """Whether more is to be taken off than was predicted."""
        return self.correction == 'bias' and not (
            0 <= self.predicted_percent - self.bias_percent <= 100)

    def write_interval(self, digits: int = 2) -> str:
        """Write '12.00 to 30.00', or '' where there is no interval."""
        if math.isnan(self.low_percent):
            return ''
        return (f'{self.low_percent:.{digits}f} to '
                f'{self.high_percent:.{digits}f}')

    def describe_bias(self) -> str:
        """Say it in words."""
        if not self.biased:
            return 'no bias shown'
        return ('too much is found' if self.bias_percent > 0 else
                'too little is found')

    def describe_source(self) -> str:
        """Say what most of the interval comes from."""
        if math.isnan(self.u_percent):
            return 'one image tells no spread'
        if not self.u_percent:
            return 'nothing differs'
        fields = (self.u_fields / self.u_percent)**2
        if 0.4 <= fields <= 0.6:
            return 'both alike'
        return 'images differ' if fields > 0.5 else 'the model errs'


def describe_uncertainty(rows: Sequence[PhaseUncertainty]) -> list[str]:
    """Say in words what the numbers do not tell, a sentence each."""
    if not rows:
        return []
    lines = []
    if rows[0].m < FEW:
        lines.append(
            f'Only {rows[0].m} validated images (or groups of them): how '
            'large the model\'s error is is hardly known from so few.')
    biased = [row for row in rows if row.biased]
    if biased and rows[0].correction == 'none':
        told = ', '.join(
            f'{row.phase} {row.bias_percent:+.2f} percentage points (95 % '
            f'interval {row.bias_low:+.2f} to {row.bias_high:+.2f})'
            for row in biased)
        lines.append(
            f'The model is biased, by more than chance explains: {told}. The '
            'fractions are as predicted, with the bias in them, and the '
            'intervals around them may miss the truth by as much. '
            '--correct-bias takes it off.')
    below = [row.phase for row in rows if row.below]
    if below:
        lines.append(
            f'{", ".join(below)}: the bias is larger than what was found, so '
            'that the corrected fraction ends at 0 or 100 %: the validated '
            'images seem to hold another amount of it than these.')
    return lines
