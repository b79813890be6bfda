"""Remove channels from a segmentor, whole groups of layers at once."""
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from mmseg_ext.basics.extras import require_extra

from .importance import (
    LAYERS,
    GroupImportance,
    Scores,
    layers_of,
    logits_of,
    taking_gradients,
)
from .scopes import UNTRACED, stock_types
from .settings import PruningSettings


@dataclass(frozen=True)
class _Ranked:
    """A group of layers whose channels go together.

    Attributes:
        name: Of the layer it is found by.
        prune: Of torch-pruning, for that layer.
        groups: Sets of channels that must stay of one size, those of a
            grouped convolution.
        scores: Of a channel of each set, (channels / groups,).
        removed: Channels of each set that have gone before.
    """
    name: str
    prune: Callable
    groups: int
    scores: Tensor
    removed: int

    @property
    def original(self) -> int:
        return len(self.scores) + self.removed


class Pruner:
    """Prunes a segmentor in steps.

    torch-pruning finds by a traced forward pass which layers belong
    together: residual sums, concatenations, depthwise convolutions, norms.
    What is removed is decided here.

    Args:
        model: Segmentor, changed in place. It must be on the CPU or wherever
            ``image`` is.
        image: To trace with.
        names: Layers that may lose channels.
        settings: Which ratio is aimed at, and more.

    Attributes:
        at_least: Names of layers that kept more than asked, as they would
            have fewer than ``min_channels``.

    Shape:
        - image: (1, 3, H, W)

    Raises:
        ImportError: If torch-pruning is missing.
    """

    def __init__(self, model: nn.Module, image: Tensor, names: set[str],
                 settings: PruningSettings) -> None:
        require_extra('torch_pruning', 'prune')
        self.model = model
        self.image = image
        self.names = names
        self.settings = settings
        self.at_least: set[str] = set()
        self._original = {name: _width(layer)
                          for name, layer in layers_of(model).items()}

    def step(self, scores: Scores, ratio: float) -> int:
        """Remove channels until ``ratio`` of the original ones are gone.

        Args:
            scores: Of each layer's channels.
            ratio: Fraction of the channels of each group.

        Returns:
            Number of groups that lost channels.

        Raises:
            ValueError: If the model cannot be traced, or does not run
                afterwards; names the layer.
        """
        with stock_types(self.model), taking_gradients(self.model):
            graph = self._trace()
            ranked = list(self._rank(graph, GroupImportance(scores)))
            keep = self._keep(ranked, ratio)
            cut = 0
            for group, number in zip(ranked, keep):
                cut += self._cut(graph, group, number)
        self.model.zero_grad()
        self._check()
        return cut

    def _trace(self):
        import torch_pruning as tp

        entered = _Entered(self.model)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')  # parameters of no layer stay
                return tp.DependencyGraph().build_dependency(
                    self.model, self.image, forward_fn=logits_of,
                    verbose=False)
        except Exception as error:
            raise ValueError(
                f'The model cannot be traced for pruning, at '
                f'{entered.last or "its start"}: {_first_line(error)}'
                ) from error
        finally:
            entered.remove()

    def _rank(self, graph, importance: GroupImportance) -> Iterator[_Ranked]:
        named = {layer: name for name, layer in layers_of(self.model).items()}
        ignored = [layer for layer, name in named.items()
                   if name not in self.names]
        # not a layer of ours, and no width of it may change
        ignored += [module for module in self.model.modules()
                    if isinstance(module, nn.MultiheadAttention)]
        fixed = {inner for module in self.model.modules()
                 if isinstance(module, UNTRACED) for inner in module.modules()}
        for group in graph.get_all_groups(ignored_layers=ignored,
                                          root_module_types=LAYERS):
            if any(item.dep.target.module in fixed for item in group):
                continue  # what goes in keeps its width, too
            dep, indices = group[0]
            members, sets = [], 1
            for item in group:
                other, layer = item.dep, item.dep.target.module
                if not graph.is_out_channel_pruning_fn(other.handler):
                    sets = max(sets, _sets(layer))
                    continue
                sets = max(sets, _sets(layer))
                if isinstance(layer, LAYERS):
                    members.append((layer, item.idxs, item.root_idxs))
            length = len(indices)
            scores = importance(members, length)
            if scores is None or length % sets:
                continue
            name = named[dep.target.module]
            yield _Ranked(
                name, dep.handler, sets, scores.view(sets, -1).mean(0),
                (self._original[name] - length) // sets)

    def _keep(self, ranked: list[_Ranked], ratio: float) -> list[int]:
        """Return how many channels each group keeps in each of its sets."""
        if not self.settings.across_layers:
            return [self._rounded(group, group.original * (1 - ratio))
                    for group in ranked]
        # the least scores of all layers go
        scores = torch.cat([group.scores for group in ranked])
        original = sum(group.original for group in ranked)
        gone = round(original * ratio) - (original - len(scores))
        bound = scores.sort().values[max(gone, 1) - 1] if gone > 0 else -1
        most = self.settings.max_ratio
        return [self._rounded(group, max(
            int((group.scores > bound).sum()), group.original * (1 - most)))
            for group in ranked]

    def _rounded(self, group: _Ranked, wanted: float) -> int:
        settings, there = self.settings, len(group.scores)
        least = -(-settings.min_channels // group.groups)
        multiple = settings.round_to if (
            there * group.groups > settings.round_to) else 1
        multiple = -(-multiple // group.groups)
        number = max(round(wanted / multiple), 1) * multiple
        if number < least:
            self.at_least.add(group.name)
        return min(max(number, least), there)

    def _cut(self, graph, group: _Ranked, keep: int) -> bool:
        size = len(group.scores)
        least = group.scores.argsort()[:size - keep]
        indices = sorted(int(i) + place * size for i in least
                         for place in range(group.groups))
        if not indices:
            return False
        layer = self.model.get_submodule(group.name)
        try:
            whole = graph.get_pruning_group(layer, group.prune, indices)
            if not graph.check_pruning_group(whole):
                return False
            whole.prune()
        except Exception as error:
            raise ValueError(
                f'{group.name} cannot be pruned: {_first_line(error)}. Leave '
                f'it out: --ignore "^{group.name}$"') from error
        return True

    @torch.no_grad()
    def _check(self) -> None:
        """Run the model as it is now, in its own types."""
        self.model.eval()
        entered = _Entered(self.model)
        try:
            logits_of(self.model, self.image)
        except Exception as error:
            where = entered.last or 'its start'
            raise ValueError(
                f'The pruned model does not run, at {where}: '
                f'{_first_line(error)}. Leave out what belongs together '
                f'there: --ignore "^{where.rpartition(".")[0] or where}"'
                ) from error
        finally:
            entered.remove()


class _Entered:
    """Notes the module that was entered last, for an error."""

    def __init__(self, model: nn.Module) -> None:
        self.last = ''
        self._hooks = [
            module.register_forward_pre_hook(
                lambda module, inputs, name=name: self._note(name))
            for name, module in model.named_modules() if name]

    def _note(self, name: str) -> None:
        self.last = name

    def remove(self) -> None:
        for hook in self._hooks:
            hook.remove()


def _sets(layer: nn.Module) -> int:
    """Return in how many sets of one size a layer has its channels."""
    if isinstance(layer, nn.GroupNorm):
        return layer.num_groups
    if not isinstance(layer, _ConvNd) or (
            layer.groups == layer.in_channels == layer.out_channels):
        return 1
    return layer.groups


def _width(layer: nn.Module) -> int:
    return (layer.out_features if isinstance(layer, nn.Linear)
            else layer.out_channels)


def _first_line(error: Exception) -> str:
    return f'{type(error).__name__}: {str(error).split(chr(10))[0]}'
