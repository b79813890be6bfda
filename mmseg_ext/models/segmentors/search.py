"""A segmentor that learns its weights and its architecture in turn."""
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Optional

from mmengine.optim import OptimWrapperDict
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import SampleList
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.halves import ARCHITECTURE, WEIGHTS

from ..decode_heads import SearchableHead, is_of_architecture
from .batch_parts import split_batch


@MODELS.register_module()
class SearchEncoderDecoder(EncoderDecoder):
    """An EncoderDecoder whose head is searched for while it is trained.

    Each training step takes two optimizer's steps, of first order::

        architecture's half --> loss + beta latency + gamma parameters
                                --> arch_* alone
        weights' half --------> loss --> all other weights

    The architecture's step is left out at the beginning, when operations
    without weights would win. Latency and parameters are those of the
    mixture, sum_op softmax(arch) cost_op, relative to the head of the first
    operation everywhere. Their weights are those of the score 1 IoU - 5
    latency - 1 parameters, IoU in points of 100, where a point is 0.01 of a
    loss such as Dice: a head that is twice as slow costs 5 points.

    The finite-difference second order of DARTS, which takes three times as
    long, is left out: follow-ups found it no better.

    Batches are those of a HalvesDataset and a HalvesBatchSampler; optimizers
    those of a SearchOptimWrapperConstructor; a SearchHook of the engine
    measures the latencies and tells how far the training is. With
    ``two_halves`` a config has all but the hook.

    Args:
        beta: Weight of the latency in the architecture's loss.
        gamma: Weight of the parameters.
        frozen: Fraction of the steps in which the weights alone learn.
        temperatures: Of the mixtures, at the end of that and at the end of
            the training; geometric between.
        *args: Of the segmentor.
        **kwargs: Of the segmentor; its decode head is a SearchableHead.

    Raises:
        ValueError: If an argument is not among what is allowed; in the
            training, if batches are not of both halves.

    Reference:
        Liu et al., DARTS, 2019, algorithm 1 with xi = 0; Chu et al.,
        FairDARTS, 2020, and Zela et al., RobustDARTS, 2020, on its collapse.
    """

    def __init__(self,
                 *args,
                 beta: float = 0.05,
                 gamma: float = 0.01,
                 frozen: float = 0.3,
                 temperatures: Sequence[float] = (1.0, 0.1),
                 **kwargs) -> None:
        check_at_least(0, beta=beta, gamma=gamma, frozen=frozen)
        if frozen >= 1:
            raise ValueError(f'frozen={frozen!r}: must be below 1')
        if len(temperatures) != 2 or min(temperatures) <= 0:
            raise ValueError(f'temperatures={temperatures!r}: must be two '
                             'numbers above 0')
        super().__init__(*args, **kwargs)
        if not isinstance(self.decode_head, SearchableHead):
            raise ValueError(
                'SearchEncoderDecoder has a decode head of type '
                f'{type(self.decode_head).__name__}: it must be a '
                'SearchableHead')
        self.beta, self.gamma, self.frozen = beta, gamma, frozen
        self.temperatures = tuple(temperatures)
        self.learns_architecture = False
        self.latency_costs: Optional[Mapping[str, Sequence[float]]] = None
        self.parameter_costs = self.decode_head.parameter_costs()

    def begin_step(self, progress: float) -> None:
        """Set what depends on how far the training is.

        Args:
            progress: Fraction of the steps that are done.
        """
        self.learns_architecture = progress >= self.frozen
        first, last = self.temperatures
        done = max(0.0, (progress - self.frozen) / (1 - self.frozen))
        self.decode_head.set_temperature(first * (last / first)**done)

    def costs(self) -> dict[str, Tensor]:
        """Return latency, once it is measured, and parameters, expected."""
        found = dict(latency=self.latency_costs, params=self.parameter_costs)
        return {name: self.decode_head.expected(costs)
                for name, costs in found.items() if costs is not None}

    def architecture_loss(self, loss: Tensor) -> Tensor:
        """Add what latency and parameters cost to a loss."""
        weights = dict(latency=self.beta, params=self.gamma)
        return loss + sum(weights[name] * value
                          for name, value in self.costs().items())

    def train_step(self, data: Mapping[str, Any],
                   optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """Let the architecture learn, then the weights.

        Args:
            data: Images and samples of a batch, as the loader gives them.
            optim_wrapper: ``weights`` and ``arch``, each of its own
                parameters.

        Returns:
            What is logged: the losses of the weights' half, and as
            ``arch.*`` those of the architecture's.
        """
        data = self.data_preprocessor(data, True)
        samples = data['data_samples']
        first, second = split_halves(samples)
        logged = {}
        if self.learns_architecture:
            found = self._learn(
                optim_wrapper['arch'], data['inputs'][second],
                [samples[i] for i in second], architecture=True)
            logged = {f'arch.{name}': value for name, value in found.items()
                      if name != 'decode.acc_seg'}
            logged |= {f'arch.{name}': value.detach()
                       for name, value in self.costs().items()}
        return self._learn(
            optim_wrapper['weights'], data['inputs'][first],
            [samples[i] for i in first], architecture=False) | logged

    def _learn(self, wrapper, inputs: Tensor, samples: SampleList,
               architecture: bool) -> dict[str, Tensor]:
        with learning(self, architecture):
            with wrapper.optim_context(self):
                losses = self(inputs, samples, mode='loss')
            loss, logged = self.parse_losses(losses)
            if architecture:
                loss = self.architecture_loss(loss)
                logged['loss'] = loss.detach()
            wrapper.update_params(loss)
        return logged


@contextmanager
def learning(model: nn.Module, architecture: bool) -> Iterator[None]:
    """Let the parameters of the architecture learn alone, or all others.

    The gradients of the rest are not computed.
    """
    resting = [
        weight for name, weight in model.named_parameters()
        if is_of_architecture(name) != architecture and weight.requires_grad]
    for weight in resting:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in resting:
            weight.requires_grad_(True)


def split_halves(samples: Sequence[SegDataSample]
                 ) -> tuple[list[int], list[int]]:
    """Return the places of the samples of either half.

    Args:
        samples: With ``half`` in their metainfo, as those of a
            HalvesDataset.

    Raises:
        ValueError: If some do not say which they are of, or one of both is
            missing.
    """
    return split_batch(
        samples, 'half', {
            WEIGHTS: 'the half for the weights',
            ARCHITECTURE: 'the half for the architecture',
        }, 'In a config, train_dataloader = '
        'two_halves(_base_.train_dataloader) makes such batches')
