"""One number out of accuracy, time and size."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """What a score is the sum of.

    Attributes:
        accuracy: alpha * accuracy.
        latency: -beta * time of an image / the base's.
        parameters: -gamma * parameters / the base's.
    """
    accuracy: float
    latency: float
    parameters: float

    @property
    def total(self) -> float:
        return self.accuracy + self.latency + self.parameters

    def __str__(self) -> str:
        return (f'{self.total:.2f} = {self.accuracy:.2f} accuracy '
                f'{_signed(self.latency)} latency '
                f'{_signed(self.parameters)} parameters')


def _signed(value: float) -> str:
    return f'{"+" if value > 0 else "-"} {abs(value):.2f}'


@dataclass(frozen=True)
class Score:
    """alpha * accuracy - beta * latency - gamma * parameters.

    Latency and parameters are ratios to the base's, so that beta is what
    being twice as slow costs, in points of accuracy.

    Args:
        alpha: Of the accuracy, above 0.
        beta: Of the latency, 0 or more.
        gamma: Of the parameters, 0 or more.
    """
    alpha: float = 1.0
    beta: float = 5.0
    gamma: float = 1.0

    def terms(self, accuracy: float, latency: float,
              parameters: float) -> Terms:
        """Return the three terms.

        Args:
            accuracy: In per cent.
            latency: Time of an image over the base's, in alternation.
            parameters: Number of parameters over the base's.
        """
        return Terms(self.alpha * accuracy, -self.beta * latency,
                     -self.gamma * parameters)
