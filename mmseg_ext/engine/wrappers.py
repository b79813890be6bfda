"""The model within what several processes or devices wrap it in."""
from mmengine.model import is_model_wrapper
from torch import nn


def unwrapped(model: nn.Module) -> nn.Module:
    """Return a runner's model without its wrapper, if it has one."""
    return model.module if is_model_wrapper(model) else model
