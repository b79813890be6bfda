"""Mean and covariance of channels, and the batch norm that follows from them.
"""
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from .blocks import in_blocks

HALF = (torch.bfloat16, torch.float16)


def channel_moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the covariance of the channels over all pixels.

    With them the mean and the variance of any linear map of the channels
    are known before it is computed: W mean, and the diagonal of
    W covariance W^T.

    Shape:
        - x: (B, C, H, W)
        - output: (C,) and (C, C), on a CPU in float64, as W may cancel most
          of what is summed, elsewhere in float32 at least; the covariance
          is divided by B * H * W
    """
    return _ChannelMoments.apply(x)


def fold_batch_norm(
        x: Tensor,
        weight: Tensor,
        norm_weight: Tensor,
        norm_bias: Tensor,
        eps: float = 1e-5) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Fold a batch norm by the batch's statistics into the convolution.

    The statistics of the convolved map follow from the moments of ``x``, so
    that it need not be computed for them.

    Args:
        x: Feature map.
        weight: Of the 1 x 1 convolution before the norm. Its bias, which the
            norm subtracts again, is left out.
        norm_weight, norm_bias: Of the norm.
        eps: Added to the variance.

    Returns:
        Weight and bias of the one convolution, and the batch's mean and
        variance (divided by B * H * W) for the norm's running statistics,
        without a gradient.

    Shape:
        - x: (B, C, H, W)
        - weight: (D, C)
        - norm_weight, norm_bias: (D,)
        - output: (D, C), (D,), (D,) and (D,)
    """
    mean, covariance = channel_moments(x)
    exact = weight.to(mean.dtype)
    mean = exact @ mean  # (C,) -> (D,)
    variance = ((exact @ covariance) * exact).sum(1)  # (C, C) -> (D,)
    slope, offset = as_affine(mean, variance, norm_weight, norm_bias, eps)
    return (weight * slope.to(weight.dtype)[:, None], offset.to(weight.dtype),
            mean.detach(), variance.detach())


def as_affine(mean: Tensor, variance: Tensor, weight: Tensor, bias: Tensor,
              eps: float) -> tuple[Tensor, Tensor]:
    """Return the slope and the offset that a batch norm comes to."""
    slope = weight * (variance + eps).rsqrt()
    return slope, bias - mean * slope


class _ChannelMoments(Function):

    @staticmethod
    def forward(ctx, x: Tensor) -> tuple[Tensor, Tensor]:
        pixels = x.numel() // x.shape[1]
        if in_blocks(x):
            exact = torch.float64
        else:  # slow on most GPUs, and MPS has none
            exact = torch.promote_types(x.dtype, torch.float32)
        # taken first: the deviations lose no digits to it
        mean = x.mean(dim=(0, 2, 3), dtype=exact)
        if in_blocks(x):
            covariance = mean.new_zeros(len(mean), len(mean))
            for image in x.flatten(2):
                centred = image.to(exact) - mean[:, None]
                covariance.addmm_(centred, centred.T, alpha=1 / pixels)
        else:
            centred = x.flatten(2) - mean[:, None]  # (B, C, N)
            covariance = (centred @ centred.mT).sum(0) / pixels
        ctx.save_for_backward(x, mean)
        return mean, covariance

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_mean: Tensor, grad_covariance: Tensor) -> Tensor:
        x, mean = ctx.saved_tensors
        pixels = x.numel() // x.shape[1]
        if x.dtype in HALF:
            centre = mean.to(x.dtype)
            x, mean = x - centre[:, None, None], mean - centre
        # the mean inside the covariance adds nothing: deviations sum to 0
        slope = (grad_covariance + grad_covariance.T) / pixels
        offset = grad_mean / pixels - slope @ mean
        slope, offset = slope.to(x.dtype), offset.to(x.dtype)
        if not in_blocks(x):
            return (slope @ x.flatten(2) + offset[:, None]).view(x.shape)
        grad = torch.empty_like(x, memory_format=torch.contiguous_format)
        for out, image in zip(grad.flatten(2), x.flatten(2)):
            torch.addmm(offset[:, None], slope, image, out=out)
        return grad
