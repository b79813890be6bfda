"""Batch norms of convolutions and norms that are run as one."""
import torch.distributed as dist
from mmcv.cnn import ConvModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_ext.ops import channel_moments, norm_relu_conv


def normalizes_by_batch(conv: ConvModule, x: Tensor) -> bool:
    """Tell whether a batch norm by this batch alone and a ReLU follow."""
    norm = conv.norm
    if not (isinstance(norm, _BatchNorm) and norm.affine and norm.training
            and conv.with_activation and isinstance(conv.activate, nn.ReLU)):
        return False
    synchronized = (
        isinstance(norm, nn.SyncBatchNorm) and dist.is_available()
        and dist.is_initialized() and dist.get_world_size() > 1)
    # of a single pixel there is no variance, which the norm itself says
    return not synchronized and x.numel() > x.shape[1]


def fold_batch_norm(x: Tensor, conv: ConvModule) -> tuple[Tensor, Tensor]:
    """Return a 1 x 1 convolution and its norm as one convolution.

    The statistics of the convolved maps follow from the moments of what is
    convolved, so that nothing but the result need be computed. The norm's
    running statistics are updated.

    Returns:
        The weight, (C', C), and the bias, (C', ).
    """
    norm, weight = conv.norm, conv.conv.weight.flatten(1)
    mean, covariance = channel_moments(x)
    exact = weight.to(mean.dtype)
    mean = exact @ mean
    variance = ((exact @ covariance) * exact).sum(1)
    # the convolution's own bias is in the running mean, and nowhere else:
    # the norm subtracts it again
    bias = 0 if conv.conv.bias is None else conv.conv.bias.detach()
    _track(norm, x, mean.detach() + bias, variance.detach())
    scale = norm.weight / (variance + norm.eps).sqrt()
    bias = norm.bias - mean * scale
    return weight * scale.to(weight.dtype)[:, None], bias.to(weight.dtype)


def normalize_and_classify(x: Tensor, norm: _BatchNorm, conv: nn.Conv2d,
                           factor: Tensor) -> Tensor:
    """Return conv(factor * relu(norm(x))), with ``factor`` (B, C)."""
    out, *statistics = norm_relu_conv(x, norm.weight, norm.bias,
                                      conv.weight.flatten(1), conv.bias,
                                      factor, norm.eps)
    _track(norm, x, *statistics)
    return out


def _track(norm: _BatchNorm, x: Tensor, mean: Tensor,
           variance: Tensor) -> None:
    """Update the running statistics of a norm, where it keeps them."""
    if not norm.track_running_stats:
        return
    norm.num_batches_tracked.add_(1)
    momentum = norm.momentum
    if momentum is None:  # the mean of all batches
        momentum = 1 / int(norm.num_batches_tracked)
    pixels = x.numel() // x.shape[1]
    unbiased = variance * (pixels / (pixels - 1))
    for running, value in ((norm.running_mean, mean),
                           (norm.running_var, unbiased)):
        running.lerp_(value.to(running.dtype), momentum)
