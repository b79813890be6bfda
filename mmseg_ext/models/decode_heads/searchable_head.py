"""The head that holds all heads that a search may choose."""
from collections.abc import Iterator, Mapping, Sequence
from typing import Optional

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_ext.basics.arguments import check_choice

from .candidate_ops import OPS, SKIP, build_op
from .genotype_head import INTEGRATIONS, Fusion, Genotype, GenotypeHead
from .mixed_op import MixedOp


@MODELS.register_module()
class SearchableHead(GenotypeHead):
    """:class:`GenotypeHead` with a mixture of operations at each scale.

    ::

        F4  --> 1 x 1 --> MixedOp ------------+
        F8  --> 1 x 1 --> MixedOp --> enlarge-+-- MixedOp of concat --> logits
        F16 --> 1 x 1 --> MixedOp --> enlarge-+   and add
        F32 --> 1 x 1 --> MixedOp --> enlarge-+

    It is for :class:`SearchEncoderDecoder`. There is no operation 'none'.
    Batch norms within the mixtures have no scale, which would have a part in
    the weights of the operations.

    Args:
        in_channels: See :class:`GenotypeHead`, as the keyword arguments.
        ops: Operations of each mixture. Latency and parameters are relative
            to the first of them.
        skip_dropout: Fraction of the numbers that skip drops in training: it
            has no weights to learn, and is the best at first.
        integration: Of no effect, so that a config may inherit from a
            GenotypeHead's.
        **kwargs: Of :class:`GenotypeHead`.

    Shape:
        - inputs: one map (B, in_channels[i], H_i, W_i) for each scale
        - output: (B, out_channels, H_0, W_0)

    Raises:
        ValueError: If an argument is not among what is allowed.

    Reference:
        Liu et al., DARTS, 2019; dropout on skip: Chen et al., P-DARTS, 2019.
    """

    def __init__(self,
                 in_channels: Sequence[int],
                 ops: Sequence[str] = OPS,
                 skip_dropout: float = 0.2,
                 **kwargs) -> None:
        if not 0 <= skip_dropout < 1:
            raise ValueError(f'skip_dropout={skip_dropout!r}: must be 0 or '
                             'above, and below 1')
        self.skip_dropout = skip_dropout  # make_edge takes it
        super().__init__(in_channels=in_channels, ops=ops, **kwargs)

    def check_choices(self, num_maps: int, ops: Sequence[str],
                      integration: str) -> None:
        if isinstance(ops, str) or len({*ops}) != len(ops) or len(ops) < 2:
            raise ValueError(f'ops={ops!r}: must be two names or more, each '
                             f'once, of {", ".join(OPS)}')
        for name in ops:
            check_choice('ops', name, OPS)

    def make_edge(self, index: int, ops: Sequence[str], reduction: int,
                  conv_args: Mapping) -> nn.Module:
        conv_args = _without_scale(conv_args)
        return MixedOp({
            name: build_op(name, self.channels, reduction,
                           self.skip_dropout, **conv_args)
            for name in ops})

    def make_fusion(self, integration: str, conv_args: Mapping) -> nn.Module:
        conv_args = _without_scale(conv_args)
        return MixedOp({
            name: Fusion(name, len(self.in_channels), self.channels,
                         **conv_args)
            for name in INTEGRATIONS})

    def mixtures(self) -> dict[str, MixedOp]:
        """Return the mixtures: ``map_0`` and so on, ``integration``."""
        return {**{f'map_{i}': edge for i, edge in enumerate(self.edges)},
                'integration': self.fusion}

    def genotype(self) -> Genotype:
        """Return the operations of the largest weights."""
        return Genotype(tuple(edge.chosen() for edge in self.edges),
                        self.fusion.chosen())

    def set_temperature(self, temperature: float) -> None:
        """Set that of all mixtures."""
        for mixture in self.mixtures().values():
            mixture.temperature.fill_(temperature)

    def skip_weights(self) -> list[float]:
        """Return how much of each map passes through; 0 without skip."""
        return [float(edge.weights()[edge.names.index(SKIP)])
                if SKIP in edge.names else 0.0 for edge in self.edges]

    def collapsed(self) -> list[str]:
        """Return the maps that pass through by more than half."""
        return [f'map_{i}' for i, weight in enumerate(self.skip_weights())
                if weight > 0.5]

    def expected(self, costs: Mapping[str, Sequence[float]]) -> Tensor:
        """Return what the mixtures cost, as a number with a gradient.

        Args:
            costs: Mixture -> cost of each of its operations.
        """
        mixtures = self.mixtures()
        return sum((mixtures[name].weights() * torch.tensor(
            values, device=mixtures[name].arch_alpha.device)).sum()
            for name, values in costs.items())

    def parameter_costs(self) -> dict[str, list[float]]:
        """Return the parameters of each operation, for :meth:`expected`.

        They are relative to the sum of each mixture's first, and those that
        the operation has when it is chosen: with the scales of norms.
        """
        counts = {
            name: [_parameters(op) for op in mixture.ops.values()]
            for name, mixture in self.mixtures().items()}
        whole = sum(first for first, *_ in counts.values()) or 1
        return {name: [count / whole for count in each]
                for name, each in counts.items()}

    def inputs_of_mixtures(self, inputs: Sequence[Tensor]
                           ) -> Iterator[tuple[str, object]]:
        """Yield the name of each mixture, and what it takes."""
        maps = self.projected(inputs)
        yield from ((f'map_{i}', x) for i, x in enumerate(maps))
        yield 'integration', self.enlarged(maps)


def _without_scale(conv_args: Mapping) -> dict:
    norm: Optional[Mapping] = conv_args['norm_cfg']
    if norm is None or 'BN' not in norm['type']:
        return dict(conv_args)
    return dict(conv_args, norm_cfg=dict(norm, affine=False))


def _parameters(op: nn.Module) -> int:
    scales = sum(2 * part.num_features for part in op.modules()
                 if isinstance(part, _BatchNorm) and not part.affine)
    return scales + sum(weight.numel() for weight in op.parameters())
