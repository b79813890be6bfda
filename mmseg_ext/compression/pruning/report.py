"""What pruning has removed, and what that costs and gains."""
import io
import platform
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmseg_ext.basics.alternation import alternate
from mmseg_ext.basics.csv_files import CsvWriter
from mmseg_ext.basics.printable import counted
from mmseg_ext.engine.model_cost import (
    PixelLogits,
    count_flops,
    deployed_parameters,
)
from mmseg_ext.engine.timing import seconds

from .importance import layers_of, logits_of
from .settings import PruningSettings

COLUMNS = ('layer', 'channels', 'kept')


@dataclass(frozen=True)
class Costs:
    """Of a segmentor: parameters without auxiliary heads, MACs, bytes."""
    parameters: int
    macs: float
    size: int

    @classmethod
    def of(cls, model: nn.Module, image: Tensor) -> 'Costs':
        """Count; ``image`` is (1, 3, H, W)."""
        size = sum(value.numel() * value.element_size()
                   for value in model.state_dict().values())
        return cls(deployed_parameters(model),
                   count_flops(PixelLogits(model), image)[0], size)


@dataclass(frozen=True)
class PruningReport:
    """What tools/prune.py prints and writes.

    Attributes:
        settings: What was asked.
        scope: Of the layers.
        layers: Name -> channels before and after, of all layers.
        at_least: Layers that kept more than asked, for ``min_channels``.
        before, after: Costs for an image of ``size``.
        size: Height and width.
        latency: Median of the ratio after / before, in alternation.
        changed: Fraction of the pixels of the calibration crops that have
            another class: after pruning, and with statistics of norms taken
            anew.
        norms: Norms whose statistics were.
    """
    settings: PruningSettings
    scope: str
    layers: dict[str, tuple[int, int]]
    at_least: Sequence[str]
    before: Costs
    after: Costs
    size: tuple[int, int]
    latency: float
    changed: tuple[float, float]
    norms: int

    def describe(self) -> str:
        """Return the totals as text."""
        settings = self.settings
        height, width = self.size
        lines = [
            f'Pruned {settings.ratio:.0%} by {settings.importance}, scope '
            f'{self.scope}, in {counted(settings.steps, "step")}',
            *(f'{name:12}{_count(old)} -> {_count(new)}, {new / old:.3f}'
              for name, old, new in self._totals()),
            f'{"latency":12}{self.latency:.2f} of the original, '
            f'{height} x {width}, '
            f'{counted(torch.get_num_threads(), "thread")}, '
            f'{platform.processor() or platform.machine()}, torch '
            f'{torch.__version__}',
            f'{"pixels":12}{self.changed[1]:.1%} have another class before '
            f'fine-tuning ({self.changed[0]:.1%} before the statistics of '
            f'{self.norms} norms were taken anew)']
        if self.at_least:
            lines.append(
                f'{counted(len(self.at_least), "layer")} kept '
                f'{settings.min_channels} channels, more than asked: '
                f'{", ".join(self.at_least)}')
        return '\n'.join(lines)

    def markdown(self) -> str:
        """Return totals and layers for report.md."""
        rows = [f'| {name} | {old} | {new} | {new / old:.2f} |'
                for name, (old, new) in self.layers.items()]
        return '\n'.join([
            '# Pruned model', '', '```', self.describe(), '```', '',
            '| layer | channels | kept | fraction |', '|---|---|---|---|',
            *rows, ''])

    def csv(self) -> str:
        """Return the layers and then the totals for report.csv."""
        text = io.StringIO(newline='')
        writer = CsvWriter(text)
        writer.writerow(COLUMNS)
        writer.writerows((name, *channels)
                         for name, channels in self.layers.items())
        writer.writerows((f'total {name}', int(old), int(new))
                         for name, old, new in self._totals())
        writer.writerow(('total latency', 1, f'{self.latency:.3f}'))
        return text.getvalue()

    def _totals(self) -> list[tuple[str, float, float]]:
        old, new = self.before, self.after
        return [('parameters', old.parameters, new.parameters),
                ('MACs', old.macs, new.macs), ('bytes', old.size, new.size)]


def compare_layers(before: nn.Module,
                   after: nn.Module) -> dict[str, tuple[int, int]]:
    """Return the channels of each layer of both, by name."""
    old, new = ({name: len(layer.weight) if isinstance(layer, nn.Linear)
                 else layer.out_channels
                 for name, layer in layers_of(model).items()}
                for model in (before, after))
    return {name: (old[name], new[name]) for name in new}


@torch.no_grad()
def changed_pixels(before: nn.Module, after: nn.Module,
                   batches: Sequence[Tensor]) -> float:
    """Return the fraction of positions at which the classes differ.

    Of logits of one channel the sign is compared.
    """
    other = total = 0
    for images in batches:
        first, second = (_classes(logits_of(model, images))
                         for model in (before, after))
        other += int((first != second).sum())
        total += first.numel()
    return other / total


@torch.no_grad()
def latency_ratio(before: nn.Module, after: nn.Module,
                  image: Tensor) -> float:
    """Return the median of time after / before, measured in alternation."""
    _, (_, ratio) = alternate(*(
        lambda model=model: logits_of(model, image)
        for model in (before, after)), seconds=seconds)
    return ratio


def _classes(logits: Tensor) -> Tensor:
    return logits > 0 if logits.shape[1] == 1 else logits.argmax(1)


def _count(number: float) -> str:
    for unit, factor in (('G', 1e9), ('M', 1e6), ('k', 1e3)):
        if number >= factor:
            return f'{number / factor:.3f} {unit}'
    return f'{number:.0f}'
