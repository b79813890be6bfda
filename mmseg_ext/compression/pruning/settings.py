"""What a user chooses about pruning."""
import re
from dataclasses import dataclass
from typing import Optional

from mmseg_ext.basics.arguments import check_at_least, check_choice

from .importance import IMPORTANCES

MOST = 0.95  # of a layer's channels; then nothing is left to train


@dataclass(frozen=True)
class PruningSettings:
    """How much is pruned, and by what.

    Attributes:
        ratio: Fraction of the channels to remove, above 0, 0.95 at most.
        importance: 'activation', 'magnitude', 'taylor' or 'random'.
        after_norm: Of 'activation': behind norm and activation function.
        calibration: Number of crops of training images.
        round_to: Channels are left in multiples of it.
        min_channels: Fewest that a layer keeps.
        steps: Number of times that it prunes, re-estimating between.
        across_layers: Rank the channels of all layers together, not of each
            layer by itself; no layer loses more than ``max_ratio`` then.
        max_ratio: Most that a layer loses where ``across_layers``.
        only: Regular expression: layers of these names are pruned, whatever
            the architecture's scope says.
        ignore: Layers of these names are not.
        seed: Of the crops and of 'random'.

    Raises:
        ValueError: If a value is not allowed.
    """
    ratio: float = 0.5
    importance: str = 'magnitude'
    after_norm: bool = False
    calibration: int = 32
    round_to: int = 8
    min_channels: int = 4
    steps: int = 1
    across_layers: bool = False
    max_ratio: float = 0.8
    only: Optional[str] = None
    ignore: Optional[str] = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.ratio <= MOST:
            raise ValueError(f'ratio={self.ratio!r}: must be above 0 and '
                             f'{MOST} at most, the fraction of the channels '
                             'to remove')
        check_choice('importance', self.importance, [*IMPORTANCES])
        check_at_least(1, calibration=self.calibration,
                       round_to=self.round_to, steps=self.steps,
                       min_channels=self.min_channels)
        if self.after_norm and self.importance != 'activation':
            raise ValueError('after_norm is of importance=\'activation\', '
                             f'not of {self.importance!r}')
        for name in ('only', 'ignore'):
            try:
                re.compile(getattr(self, name) or '')
            except re.error as error:
                raise ValueError(f'{name}={getattr(self, name)!r} is no '
                                 f'regular expression: {error}') from error

    def ratios(self) -> list[float]:
        """Return what is removed after each step.

        Each step removes the same fraction of what the one before has left.
        """
        return [1 - (1 - self.ratio)**((step + 1) / self.steps)
                for step in range(self.steps)]
