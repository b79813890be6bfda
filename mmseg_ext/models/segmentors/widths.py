"""Narrow the layers of a model to given shapes."""
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.instancenorm import _InstanceNorm

NAMED = 3  # so many weights in an error


def widths_of(model: nn.Module) -> dict[str, list[int]]:
    """Return the shape of every weight and running statistic by its name."""
    return {name: list(value.shape)
            for name, value in model.state_dict().items() if value.ndim}


def read_widths(path: str | os.PathLike) -> dict[str, list[int]]:
    """Read a file that maps names of weights to shapes.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds something else.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f'There is no {path}, which the config names as widths: '
            'tools/prune.py writes it beside the config, keep them together')
    try:
        widths = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is no JSON: {error}') from error
    if not isinstance(widths, dict) or not all(
            isinstance(shape, list) and all(
                isinstance(side, int) and side > 0 for side in shape)
            for shape in widths.values()):
        raise ValueError(f'{path} must map each name of a weight to its '
                         'shape, a list of numbers above 0')
    return widths


def apply_widths(model: nn.Module,
                 widths: Mapping[str, Sequence[int]]) -> None:
    """Narrow the layers of a model until its weights have these shapes.

    Of each weight the first elements stay, so that what was initialised
    remains so; a checkpoint brings the others. No layer is replaced, forward
    passes read the new widths from the layers.

    Args:
        model: As it is built without widths. Layers that change must be
            convolutions, linear layers or norms.
        widths: Name of a weight or running statistic -> shape, none larger
            than the model's. What is not named stays.

    Raises:
        ValueError: If a name is not the model's, a shape is larger, or a
            layer of another kind would change.
    """
    state = model.state_dict()
    unknown = [name for name in widths if name not in state]
    if unknown:
        raise ValueError(
            f'widths has {len(unknown)} weights that the model has not '
            f'({", ".join(unknown[:NAMED])}): they belong to another config')
    larger = [name for name, shape in widths.items()
              if len(shape) != state[name].ndim
              or any(new > old for new, old in zip(shape, state[name].shape))]
    if larger:
        name = larger[0]
        raise ValueError(
            f'widths has {len(larger)} shapes that the model cannot be '
            f'narrowed to (first {name}: {[*state[name].shape]} to '
            f'{[*widths[name]]}): they belong to another config')
    changed: dict[str, dict[str, Sequence[int]]] = {}
    for name, shape in widths.items():
        if tuple(shape) != tuple(state[name].shape):
            layer, _, weight = name.rpartition('.')
            changed.setdefault(layer, {})[weight] = shape
    for name, shapes in changed.items():
        layer = model.get_submodule(name)
        for weight, shape in shapes.items():
            _shorten(layer, weight, shape)
        _tell(layer, name)


def _shorten(layer: nn.Module, name: str, shape: Sequence[int]) -> None:
    value: Tensor = getattr(layer, name)
    part = value.detach()[tuple(map(slice, shape))].clone()
    if isinstance(value, nn.Parameter):
        part = nn.Parameter(part, requires_grad=value.requires_grad)
    setattr(layer, name, part)


def _tell(layer: nn.Module, name: str) -> None:
    """Set what a layer says of its width to that of its weight."""
    weight = getattr(layer, 'weight', None)
    shape = () if weight is None else weight.shape
    if isinstance(layer, _ConvTransposeNd):
        layer.in_channels = shape[0]
        layer.out_channels = shape[1] * layer.groups
    elif isinstance(layer, _ConvNd):
        if layer.groups == layer.in_channels == layer.out_channels > 1:
            layer.groups = shape[0]
        layer.out_channels = shape[0]
        layer.in_channels = shape[1] * layer.groups
    elif isinstance(layer, nn.Linear):
        layer.out_features, layer.in_features = shape
    elif isinstance(layer, (_BatchNorm, _InstanceNorm)):
        layer.num_features = len(layer.weight if layer.affine
                                 else layer.running_mean)
    elif isinstance(layer, nn.LayerNorm):
        layer.normalized_shape = tuple(shape)
    elif isinstance(layer, nn.GroupNorm):
        layer.num_channels = shape[0]
    else:
        raise ValueError(f'widths narrows {name}, a {type(layer).__name__}: '
                         'convolutions, linear layers and norms can be')
