"""An optimizer of the weights beside one of the architecture."""
from collections.abc import Mapping
from typing import Optional

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapperDict
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS
from torch import nn
from torch.optim import Adam, Optimizer

from mmseg_ext.models.decode_heads import is_of_architecture

from .wrappers import unwrapped

# of DARTS
ADAM = dict(lr=3e-4, betas=(0.5, 0.999), weight_decay=1e-3)
OF_WEIGHTS = ('optimizer', 'clip_grad')  # what the architecture's has not


class SearchOptimWrapper(OptimWrapperDict):
    """``weights`` and ``arch``, which :class:`SearchEncoderDecoder` asks for.
    """

    @property
    def optimizer(self) -> Optimizer:
        """The weights', as that of a plain training."""
        return self['weights'].optimizer

    def should_update(self) -> bool:
        """Whether no gradients are left that wait for more of them."""
        return all(wrapper.should_update() for wrapper in self.values())


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class SearchOptimWrapperConstructor:
    """Build the optimizers of a search from the one of a plain training.

    In a config that inherits a plain training's::

        optim_wrapper = dict(constructor='SearchOptimWrapperConstructor')
        param_scheduler = dict(weights=_base_.param_scheduler, arch=[])

    ``arch=dict(lr=..., betas=..., weight_decay=...)`` replaces what Adam has
    of DARTS: 3e-4, (0.5, 0.999) and 1e-3.

    Args:
        optim_wrapper_cfg: Of the weights, and ``arch``.
        paramwise_cfg: Of the weights.

    Raises:
        ValueError: If the model has no parameters of an architecture.
    """

    def __init__(self,
                 optim_wrapper_cfg: Mapping,
                 paramwise_cfg: Optional[Mapping] = None) -> None:
        self.weights = dict(optim_wrapper_cfg)
        self.adam = {**ADAM, **(self.weights.pop('arch', None) or {})}
        self.paramwise_cfg = paramwise_cfg

    def __call__(self, model: nn.Module) -> SearchOptimWrapper:
        architecture = [
            weight for name, weight in unwrapped(model).named_parameters()
            if is_of_architecture(name)]
        if not architecture:
            raise ValueError(
                'SearchOptimWrapperConstructor finds no architecture to '
                f'learn in {type(unwrapped(model)).__name__}: its decode head '
                'must be a SearchableHead')
        weights = DefaultOptimWrapperConstructor(
            self.weights, self.paramwise_cfg)(model)
        _leave_out(weights.optimizer, architecture)
        common = {name: value for name, value in self.weights.items()
                  if name not in OF_WEIGHTS}
        arch = OPTIM_WRAPPERS.build(dict(
            dict(type='OptimWrapper') | common,
            optimizer=Adam(architecture, **self.adam)))
        return SearchOptimWrapper(weights=weights, arch=arch)


def _leave_out(optimizer: Optimizer, parameters: list) -> None:
    """Take parameters out of an optimizer that has not begun."""
    out = {id(parameter) for parameter in parameters}
    for group in optimizer.param_groups:
        group['params'] = [each for each in group['params']
                           if id(each) not in out]
    optimizer.param_groups[:] = [
        group for group in optimizer.param_groups if group['params']]
