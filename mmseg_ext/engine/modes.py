"""Training and evaluation mode of a model and its layers."""
from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model in evaluation mode, and each layer back after it.

    ``model.train(before)`` would set layers, too, that were in another mode
    than the model, such as frozen norms.
    """
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training
