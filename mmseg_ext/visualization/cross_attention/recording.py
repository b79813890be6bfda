"""Sums over images of what the cross-attention does, pair by pair."""
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Optional

import numpy as np
import torch
from torch import Tensor, nn

from mmseg_ext.models.necks.multi_scale_cross_attention import (
    MultiScaleCrossAttentionNeck,
)

from .twin import check_twin, open_attention

PERCENTILES = (5, 95)
SHOWN = ('map', 'result')
SOME = 4096  # queries of a run whose entropy is computed


@dataclass
class PairRecord:
    """What is summed up of one pair of maps.

    Attributes:
        name: Such as 'F4<-F8', of the strides.
        heads: Attention heads.
        entropies: (heads * queries, ) in nats, of each run of the network;
            of ``SOME`` queries where there are more.
        log_keys: The entropy of a uniform attention, of each run.
        squares: 'map' and 'result' -> sum of the squares of the query map
            and of the attention's result, which joins it.
        varying: The same of what differs from the mean over positions,
            without which a map is a bias.
        seen: The same after the decode head's first weights.
        weights: 'map' and 'result' -> those weights, (out, C) each; None
            where the head does not begin with a 1 x 1 convolution of each
            map.
        gradients: 'map' and 'result' -> sum of the squares of the loss's
            gradient.
    """
    name: str
    heads: int
    weights: Optional[dict[str, Tensor]]
    entropies: list[np.ndarray] = field(default_factory=list)
    log_keys: list[float] = field(default_factory=list)
    squares: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(SHOWN, 0.0))
    varying: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(SHOWN, 0.0))
    seen: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(SHOWN, 0.0))
    gradients: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(SHOWN, 0.0))

    def add(self, maps: dict[str, Tensor]) -> None:
        """Count the maps of one run, (B, C, H, W) each."""
        for name, x in maps.items():
            x = x.flatten(2)
            self.squares[name] += _square(x)
            x = x - x.mean(-1, keepdim=True)
            self.varying[name] += _square(x)
            if self.weights is not None:
                self.seen[name] += _square(self.weights[name] @ x)

    def numbers(self) -> dict[str, float]:
        """Return column -> number; nan where there is none.

        ``*_ratio`` is of norms, the result's by the map's.
        """
        entropy = np.concatenate(self.entropies)
        low, high = np.percentile(entropy, PERCENTILES)
        log_keys = float(np.mean(self.log_keys))
        return dict(
            heads=self.heads,
            log_keys=log_keys,
            entropy=float(entropy.mean()),
            entropy_p5=float(low),
            entropy_p95=float(high),
            entropy_fraction=float(entropy.mean() / log_keys),
            norm_ratio=_ratio(self.squares),
            varying_ratio=_ratio(self.varying),
            varying_fraction=_divide(self.varying['result'],
                                     self.squares['result']),
            **self._of_weights(),
            seen_ratio=_ratio(self.seen),
            gradient_ratio=_ratio(self.gradients))

    def _of_weights(self) -> dict[str, float]:
        if self.weights is None or self.weights['map'] is self.weights[
                'result']:
            return dict(weight_fraction=np.nan, weight_spectral_ratio=np.nan)
        of_map, of_result = (self.weights[name] for name in SHOWN)
        total = _square(of_map) + _square(of_result)
        largest = [float(torch.linalg.matrix_norm(w, 2))
                   for w in (of_result, of_map)]
        return dict(weight_fraction=_divide(_square(of_result), total),
                    weight_spectral_ratio=_divide(*largest))


def start_records(model: nn.Module, neck: MultiScaleCrossAttentionNeck
                  ) -> list[PairRecord]:
    """Return an empty record for each pair of a neck."""
    return [PairRecord(f'{target}<-{source}', module.num_heads,
                       _head_weights(model, neck, target))
            for module, (target, source) in zip(neck.attentions, neck.pairs)]


@contextmanager
def recording(model: nn.Module, neck: MultiScaleCrossAttentionNeck,
              records: Sequence[PairRecord]) -> Iterator[None]:
    """Count all runs of a network while a block runs."""
    size = {}

    def see_input(module, inputs) -> None:
        size['input'] = inputs[0].shape[2:]

    def count(i: int):
        def hook(module, inputs, output) -> None:
            target, source = inputs
            attended = open_attention(module, target, source)
            record = records[i]
            if not record.entropies:  # the form is the same in all runs
                check_twin(module, attended, output)
            record.name = '<-'.join(
                f'F{round(size["input"][0] / x.shape[2])}' for x in inputs)
            record.entropies.append(
                attended.some(SOME).entropy().flatten().cpu().numpy())
            record.log_keys.append(float(np.log(attended.key.shape[2])))
            record.add({'map': target, 'result': output})
        return hook

    with ExitStack() as stack, torch.no_grad():
        stack.enter_context(
            model.backbone.register_forward_pre_hook(see_input))
        for i, module in enumerate(neck.attentions):
            stack.enter_context(module.register_forward_hook(count(i)))
        yield


def add_gradients(model: nn.Module, neck: MultiScaleCrossAttentionNeck,
                  records: Sequence[PairRecord], data: dict) -> None:
    """Count the gradient of the loss on one labelled batch.

    Layers run as in testing: no dropout, running statistics.

    Args:
        model: Segmentor, in evaluation mode.
        neck: Its cross-attention.
        records: To count in.
        data: What the model's ``data_preprocessor`` returns in training.
    """
    if neck.integration != 'concat':  # a sum has one gradient for both
        for record in records:
            record.gradients = dict.fromkeys(SHOWN, float('nan'))
        return
    outs = []
    with torch.enable_grad(), neck.register_forward_hook(
            lambda module, inputs, output: outs.extend(output)):
        total, _ = model.parse_losses(model.loss(**data))
    joined = [outs[target] for target, _ in neck.pairs]
    found = torch.autograd.grad(total, joined, allow_unused=True)
    for record, gradient, (target, _) in zip(records, found, neck.pairs):
        if gradient is None:  # the head does not read this map
            continue
        parts = gradient.split(neck.in_channels[target], dim=1)
        for name, part in zip(SHOWN, parts):
            record.gradients[name] += _square(part)


def _head_weights(model: nn.Module, neck: MultiScaleCrossAttentionNeck,
                  target: int) -> Optional[dict[str, Tensor]]:
    """Find the weights that read a map and its pair's result."""
    head = model.decode_head
    convs, index = getattr(head, 'convs', None), head.in_index
    if convs is None or not isinstance(index, (list, tuple)) or (
            target not in index or len(convs) != len(index)):
        return None
    conv = getattr(convs[index.index(target)], 'conv', None)
    if conv is None or conv.kernel_size != (1, 1):
        return None
    weight = conv.weight.detach().flatten(1)  # (out, in)
    if neck.integration != 'concat':
        return dict.fromkeys(SHOWN, weight)
    return dict(zip(SHOWN, weight.split(neck.in_channels[target], dim=1)))


def _square(x: Tensor) -> float:
    return float(x.detach().double().square().sum())


def _divide(above: float, below: float) -> float:
    return above / below if below > 0 else float('nan')


def _ratio(squares: dict[str, float]) -> float:
    return _divide(squares['result'], squares['map'])**0.5
