"""Moments of a map's channels."""
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


def channel_moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the covariance of the channels over all pixels.

    With them the mean and the variance of any linear map of the channels
    are known before it is computed: W mean, and the diagonal of
    W covariance W^T.

    Shape:
        - x: (B, C, H, W)
        - output: (C,) and (C, C), in float64 where the device has it, as
          W may cancel most of what is summed; the covariance is divided by
          B * H * W
    """
    return _ChannelMoments.apply(x)


class _ChannelMoments(Function):

    @staticmethod
    def forward(ctx, x: Tensor) -> tuple[Tensor, Tensor]:
        # MPS has no float64
        exact = torch.float32 if x.device.type == 'mps' else torch.float64
        pixels = x.numel() // x.shape[1]
        mean = x.mean(dim=(0, 2, 3), dtype=exact)
        covariance = mean.new_zeros(len(mean), len(mean))
        for image in x.flatten(2):
            centred = image.to(exact) - mean[:, None]
            covariance.addmm_(centred, centred.T, alpha=1 / pixels)
        ctx.save_for_backward(x, mean)
        return mean, covariance

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_mean: Tensor, grad_covariance: Tensor) -> Tensor:
        x, mean = ctx.saved_tensors
        pixels = x.numel() // x.shape[1]
        # the mean inside the covariance adds nothing: deviations sum to 0
        slope = (grad_covariance + grad_covariance.T) / pixels
        offset = grad_mean / pixels - slope @ mean
        slope, offset = slope.to(x.dtype), offset.to(x.dtype)
        grad = torch.empty_like(x, memory_format=torch.contiguous_format)
        for out, image in zip(grad.flatten(2), x.flatten(2)):
            torch.addmm(offset[:, None], slope, image, out=out)
        return grad
