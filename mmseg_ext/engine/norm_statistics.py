"""Running statistics of batch norms, taken anew from images."""
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from .modes import evaluating


def running_norms(model: nn.Module) -> list[_BatchNorm]:
    """Return a model's batch norms that have running statistics."""
    return [module for module in model.modules()
            if isinstance(module, _BatchNorm) and module.track_running_stats
            and module.running_mean is not None]


def reestimate_norms(model: nn.Module,
                     batches: Iterable[Any],
                     forward: Callable[[nn.Module, Any], Any],
                     fraction: float = 1.0) -> int:
    """Set the running statistics of batch norms to those of some images.

    Batches are pooled: the mean is that of all values, the variance the mean
    of the batches' variances and the variance of their means together.
    Averaging the variances alone, as ``momentum=None`` does, leaves out what
    batches differ by, and of single images that is most of it.

    Within a batch each norm sees what the norms before it make of that
    batch by its own statistics: give many crops in a batch, and few batches.

    Args:
        model: Its batch norms with running statistics take part, all
            layers are in evaluation mode. Its own mode stays.
        batches: What ``forward`` takes.
        forward: Runs the model on a batch.
        fraction: How much of the new statistics is taken, the rest is of
            the old ones; 0 to 1.

    Returns:
        Number of norms that were set; 0 in a model of layer norms.

    Raises:
        ValueError: If there is no batch, a norm sees a single value for
            each channel, or ``fraction`` is not from 0 to 1.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f'fraction={fraction!r}: must be from 0 to 1')
    norms = running_norms(model)
    pooled = {norm: PooledMoments() for norm in norms}

    def by_batch(norm: _BatchNorm, inputs: tuple[Tensor], out: Tensor):
        x, = inputs
        if x.numel() <= x.shape[1]:
            raise ValueError(
                'A norm sees a single value for each channel, which has no '
                'variance: give more images at once')
        pooled[norm].add(x)
        return F.batch_norm(x, None, None, norm.weight, norm.bias,
                            training=True, eps=norm.eps)

    # in evaluation mode: fused heads do not call norms in training
    hooks = [norm.register_forward_hook(by_batch) for norm in norms]
    number = 0
    try:
        with evaluating(model), torch.no_grad():
            for batch in batches:
                forward(model, batch)
                number += 1
    finally:
        for hook in hooks:
            hook.remove()
    if not number:
        raise ValueError('There is no image to take the statistics of norms '
                         'from')
    seen = [norm for norm in norms if pooled[norm].count]
    for norm in seen:
        for running, value in zip((norm.running_mean, norm.running_var),
                                  pooled[norm].mean_and_variance()):
            running.lerp_(value.to(running), fraction)
    return len(seen)


@dataclass
class PooledMoments:
    """Mean and variance of each channel over batches, in float64.

    Attributes:
        count: Values of a channel so far.
        mean: (C,)
        squares: Sum of the squared deviations from it, (C,).
    """
    count: int = 0
    mean: Tensor | float = 0.0
    squares: Tensor | float = 0.0

    def add(self, x: Tensor) -> None:
        """Add a batch.

        Shape:
            - x: (B, C, ...)

        Reference:
            Chan, Golub and LeVeque, Updating Formulae and a Pairwise
            Algorithm for Computing Sample Variances, 1979.
        """
        # (B, C, ...) -> (C, N)
        values = x.detach().transpose(0, 1).flatten(1).double()
        number = values.shape[1]
        mean = values.mean(1)
        squares = (values - mean[:, None]).square().sum(1)
        total = self.count + number
        apart = mean - self.mean
        self.squares = (self.squares + squares
                        + apart.square() * (self.count * number / total))
        self.mean = self.mean + apart * (number / total)
        self.count = total

    def mean_and_variance(self) -> tuple[Tensor, Tensor]:
        """Return (C,) and (C,), the latter divided by N - 1, as torch's."""
        return self.mean, self.squares / (self.count - 1)
