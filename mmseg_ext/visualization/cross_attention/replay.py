"""Outputs of modules that are kept, and given again instead of computed."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import nn


@contextmanager
def kept_outputs(modules: Sequence[nn.Module]) -> Iterator[list[list]]:
    """Keep what modules return while a block runs.

    Yields:
        The outputs of each module, in the order of its calls.
    """
    outputs: list[list] = [[] for _ in modules]

    def keep(kept: list):
        def hook(module, inputs, output) -> None:
            kept.append(output)
        return hook

    handles = [module.register_forward_hook(keep(kept))
               for module, kept in zip(modules, outputs)]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def replayed_outputs(modules: Sequence[nn.Module],
                     outputs: Sequence[Sequence[Any]]) -> Iterator[None]:
    """Let modules return again what they have returned.

    What runs within must call each as often as before, with the same inputs:
    the same image in the same windows.

    Args:
        modules: Whose hooks run as ever.
        outputs: See :func:`kept_outputs`.
    """
    def replay(kept: Sequence):
        rest = iter(kept)
        return lambda *inputs: next(rest)

    try:
        for module, kept in zip(modules, outputs):
            module.forward = replay(kept)  # of the instance, over its class's
        yield
    finally:
        for module in modules:
            vars(module).pop('forward', None)
