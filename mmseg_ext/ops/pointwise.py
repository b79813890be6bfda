"""1 x 1 convolutions that keep their input and compute the rest again."""
from typing import Optional

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from .autocast import autocast_dtype, no_autocast
from .blocks import pixel_blocks


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


def pointwise_mlp(x: Tensor,
                  weight1: Tensor,
                  bias1: Tensor,
                  weight2: Tensor,
                  bias2: Optional[Tensor] = None) -> Tensor:
    """Two 1 x 1 convolutions with a ReLU between, W_2 relu(W_1 x + b_1) + b_2.

    The hidden maps exist for one image at a time (on a CPU, for the pixels
    that its cache holds), and again in the backward pass; the input alone is
    kept for it.

    Shape:
        - x: (B, C, H, W)
        - weight1, bias1: (D, C) and (D,)
        - weight2, bias2: (E, D) and (E,)
        - output: (B, E, H, W)
    """
    tensors = _cast(x, weight1, bias1, weight2, bias2)
    with no_autocast(x.device.type):
        return _PointwiseMLP.apply(*tensors)


def norm_relu_conv(x: Tensor,
                   running_mean: Optional[Tensor],
                   running_var: Optional[Tensor],
                   norm_weight: Tensor,
                   norm_bias: Tensor,
                   weight: Tensor,
                   bias: Tensor,
                   factor: Tensor,
                   momentum: float = 0.1,
                   eps: float = 1e-5) -> Tensor:
    """Batch norm by the batch's statistics, ReLU and a 1 x 1 convolution.

    The input is kept for the backward pass, and neither the normalised nor
    the dropped maps. The running statistics are updated as by
    ``F.batch_norm``.

    Args:
        x: Feature map.
        running_mean, running_var: Of the norm; None: not tracked.
        norm_weight, norm_bias: Of the norm.
        weight, bias: Of the convolution.
        factor: By which each channel of each image is multiplied before the
            convolution: 1, or what dropout draws.
        momentum: Share of this batch in the running statistics, 0 to 1.
        eps: Added to the variance.

    Shape:
        - x: (B, C, H, W)
        - running_mean, running_var, norm_weight, norm_bias: (C,)
        - weight, bias: (E, C) and (E,)
        - factor: (B, C)
        - output: (B, E, H, W)
    """
    x, weight, bias, factor = _cast(x, weight, bias, factor)
    with no_autocast(x.device.type):
        return _NormReLUConv.apply(x, running_mean, running_var, norm_weight,
                                   norm_bias, weight, bias, factor, momentum,
                                   eps)


def _cast(*tensors: Optional[Tensor]) -> list[Optional[Tensor]]:
    """Do what autocast does before a convolution."""
    dtype = autocast_dtype(tensors[0].device.type)
    if dtype is None:
        return list(tensors)
    return [None if x is None else x.to(dtype) for x in tensors]


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


class _PointwiseMLP(Function):

    @staticmethod
    def forward(ctx, x: Tensor, weight1: Tensor, bias1: Tensor,
                weight2: Tensor, bias2: Optional[Tensor]) -> Tensor:
        ctx.save_for_backward(x, weight1, bias1, weight2)
        out = x.new_empty(len(x), len(weight2), *x.shape[2:])
        for maps in zip(out.flatten(2), x.flatten(2)):
            for result, block in pixel_blocks(*maps):
                hidden = torch.addmm(bias1[:, None], weight1, block).relu_()
                torch.mm(weight2, hidden, out=result)
                if bias2 is not None:
                    result += bias2[:, None]
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Optional[Tensor], ...]:
        x, weight1, bias1, weight2 = ctx.saved_tensors
        needs_x, *_, needs_bias2 = ctx.needs_input_grad
        # where x needs no gradient nothing is written to its place
        grad_x = torch.empty_like(x, memory_format=torch.contiguous_format)
        grad1, grad2, grad_bias1 = (
            _zero_sum(w) for w in (weight1, weight2, bias1))
        for maps in zip(grad_x.flatten(2), x.flatten(2), grad.flatten(2)):
            for out, block, upper in pixel_blocks(*maps):
                hidden = torch.addmm(bias1[:, None], weight1, block).relu_()
                grad2 += upper @ hidden.T
                lower = _relu_backward(weight2.T @ upper, hidden)
                grad1 += lower @ block.T
                grad_bias1 += lower.sum(1)
                if needs_x:
                    torch.mm(weight1.T, lower, out=out)
        return (grad_x if needs_x else None, grad1.to(x.dtype),
                grad_bias1.to(x.dtype), grad2.to(x.dtype),
                grad.sum((0, 2, 3)) if needs_bias2 else None)


class _NormReLUConv(Function):

    @staticmethod
    def forward(ctx, x: Tensor, running_mean: Optional[Tensor],
                running_var: Optional[Tensor], norm_weight: Tensor,
                norm_bias: Tensor, weight: Tensor, bias: Tensor,
                factor: Tensor, momentum: float, eps: float) -> Tensor:
        if running_mean is None:  # the statistics take their type from them
            running_mean, running_var = norm_bias.clone(), norm_bias.clone()
        mean, variance = torch.batch_norm_update_stats(
            x, running_mean, running_var, momentum)
        inverse_std = (variance + eps).rsqrt()
        ctx.save_for_backward(x, norm_weight, norm_bias, weight, factor, mean,
                              inverse_std)
        slope = norm_weight * inverse_std
        offset = norm_bias - mean * slope
        out = x.new_empty(len(x), len(weight), *x.shape[2:])
        for scale, *maps in zip(factor, out.flatten(2), x.flatten(2)):
            scaled = weight * scale
            for result, block in pixel_blocks(*maps):
                hidden = _affine_relu(block, slope, offset)
                torch.addmm(bias[:, None], scaled, hidden, out=result)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Optional[Tensor], ...]:
        (x, norm_weight, norm_bias, weight, factor, mean,
         inverse_std) = ctx.saved_tensors
        slope = norm_weight * inverse_std
        offset = norm_bias - mean * slope
        centre = mean.to(x.dtype)[:, None]
        grad_weight, total, product = (
            _zero_sum(w) for w in (weight, mean, mean))
        # contiguous: what is written to flat maps must reach it
        grad_x = torch.empty_like(x, memory_format=torch.contiguous_format)
        flat = grad_x.flatten(2), x.flatten(2)
        for scale, *maps in zip(factor, *flat, grad.flatten(2)):
            scaled = weight * scale
            for out, block, upper in pixel_blocks(*maps):
                hidden = _affine_relu(block, slope, offset)
                grad_weight += (upper @ hidden.T) * scale
                torch.mm(scaled.T, upper, out=out)
                _relu_backward(out, hidden)
                total += out.sum(1, dtype=total.dtype)
                centred = torch.sub(block, centre, out=hidden)
                product += centred.mul_(out).sum(1, dtype=total.dtype)
        # The gradient of the norm, in place: slope * (g - mean of g -
        # normalised x * mean of (g * normalised x)).
        pixels = x.numel() // x.shape[1]
        tilt = slope * inverse_std.square() * product / pixels
        shift = tilt * mean - slope * total / pixels
        slope, tilt, shift = (
            c.to(x.dtype)[:, None] for c in (slope, tilt, shift))
        for maps in zip(*flat):
            for out, block in pixel_blocks(*maps):
                out.mul_(slope).addcmul_(block, tilt, value=-1).add_(shift)
        return (grad_x, None, None, product * inverse_std, total,
                grad_weight.to(weight.dtype), grad.sum((0, 2, 3)), None, None,
                None)


def _zero_sum(like: Tensor) -> Tensor:
    """Return zeros to add to, which keep the bits of many small numbers."""
    return torch.zeros_like(
        like, dtype=torch.promote_types(like.dtype, torch.float32))


def _relu_backward(grad: Tensor, result: Tensor) -> Tensor:
    """Set ``grad`` to zero, in place, where the ReLU gave zero."""
    return torch.ops.aten.threshold_backward.grad_input(
        grad, result, 0, grad_input=grad)


def _affine_relu(x: Tensor, slope: Tensor, offset: Tensor) -> Tensor:
    """Return relu(slope * x + offset), a number a channel: (C, N)."""
    slope, offset = (c.to(x.dtype)[:, None] for c in (slope, offset))
    # not addcmul: with two numbers a row a CPU does one pixel at a time
    return (x * slope).add_(offset).relu_()
