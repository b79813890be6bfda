"""A weighted mean of operations, whose weights are learned."""
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Optional

import torch
from torch import Tensor, nn

ARCH = 'arch_'  # how names of the parameters of an architecture begin


class MixedOp(nn.Module):
    """The mean of operations, weighted by a softmax that is learned.

    ::

        x --+--> op_1 --> w_1 --+
            +--> ...            (+)-->      w = softmax(arch_alpha / T)
            +--> op_n --> w_n --+

    Args:
        ops: Name -> operation; all take the same and return maps of one
            shape.

    Attributes:
        arch_alpha: Parameter (n,), of zeros at first: all weights are equal.
        temperature: T, a buffer, 1 at first; the lower, the nearer is the
            mean to the operation of the largest weight.

    Shape:
        - x: what the operations take
        - output: what they return

    Reference:
        Liu et al., DARTS, 2019, equation 2; the temperature as in Xie et
        al., SNAS, 2019, without its noise.
    """

    def __init__(self, ops: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.names = tuple(ops)
        self.ops = nn.ModuleDict(ops)
        self.arch_alpha = nn.Parameter(torch.zeros(len(ops)))
        self.register_buffer('temperature', torch.ones(()))
        self._removed: Optional[int] = None

    def weights(self) -> Tensor:
        """Return the weights of the operations, (n,)."""
        logits = self.arch_alpha / self.temperature
        if self._removed is not None:
            kept = torch.arange(len(logits), device=logits.device)
            logits = logits.masked_fill(kept == self._removed, -torch.inf)
        return logits.softmax(0)

    def entropy(self) -> float:
        """Return that of the weights over its largest value, 0 to 1."""
        weights = self.weights().detach().double()
        bits = torch.special.entr(weights).sum()
        return float(bits / torch.log(bits.new_tensor(len(weights))))

    def chosen(self) -> str:
        """Return the name of the operation of the largest weight."""
        return self.names[int(self.weights().argmax())]

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Leave an operation out; the others' weights add up to 1 again."""
        self._removed = self.names.index(name)
        try:
            yield
        finally:
            self._removed = None

    def forward(self, x: Any) -> Tensor:
        return sum(weight * op(x) for weight, op in zip(
            self.weights(), self.ops.values()))


def is_of_architecture(name: str) -> bool:
    """Tell whether a parameter is one of an architecture, by its name."""
    return name.rpartition('.')[2].startswith(ARCH)
