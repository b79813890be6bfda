"""Let what one network learns, another one unlearn."""
import torch
from torch import Tensor


class _Reversal(torch.autograd.Function):

    @staticmethod
    def forward(ctx, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        return -ctx.factor * grad, None


def reverse_gradient(x: Tensor, factor: float = 1.0) -> Tensor:
    """Return a tensor as it is; its gradient changes sign on the way back.

    Args:
        x: Of any shape.
        factor: The gradient is multiplied by the negative of it.

    Reference:
        Ganin, Lempitsky, Unsupervised Domain Adaptation by
        Backpropagation, 2015, equations 13 and 14.
    """
    return _Reversal.apply(x, factor)
