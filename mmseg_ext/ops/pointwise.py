"""1 x 1 convolutions and their norms, saving their input alone for backward.

What lies between input and output is computed again in the backward pass. The
operators are registered with PyTorch, so that torch.compile does not look
inside: it would find what is computed again, and save it instead.
"""
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
    slope, offset = _as_affine(mean, variance, norm_weight, norm_bias, eps)
    return (weight * slope.to(weight.dtype)[:, None], offset.to(weight.dtype),
            mean.detach(), variance.detach())


def pointwise_mlp(x: Tensor,
                  weight1: Tensor,
                  bias1: Tensor,
                  weight2: Tensor,
                  bias2: Optional[Tensor] = None) -> Tensor:
    """Two 1 x 1 convolutions with a ReLU between, W_2 relu(W_1 x + b_1) + b_2.

    The hidden maps exist for one image at a time (on a CPU, for the pixels
    that its cache holds), and again in the backward pass; the input alone is
    saved for it.

    Shape:
        - x: (B, C, H, W)
        - weight1, bias1: (D, C) and (D,)
        - weight2, bias2: (E, D) and (E,)
        - output: (B, E, H, W)
    """
    tensors = _cast(x, weight1, bias1, weight2, bias2)
    with no_autocast(x.device.type):
        return _mlp(*tensors)


def norm_relu_conv(x: Tensor,
                   norm_weight: Tensor,
                   norm_bias: Tensor,
                   weight: Tensor,
                   bias: Tensor,
                   factor: Tensor,
                   eps: float = 1e-5) -> tuple[Tensor, Tensor, Tensor]:
    """Batch norm by the batch's statistics, ReLU and a 1 x 1 convolution.

    The input is saved for the backward pass, and neither the normalised nor
    the dropped maps.

    Args:
        x: Feature map.
        norm_weight, norm_bias: Of the norm.
        weight, bias: Of the convolution.
        factor: By which each channel of each image is multiplied before the
            convolution: 1, or what dropout draws.
        eps: Added to the variance.

    Returns:
        The result, and the batch's mean and variance (divided by B * H * W)
        for the norm's running statistics, without a gradient.

    Shape:
        - x: (B, C, H, W)
        - norm_weight, norm_bias: (C,)
        - weight, bias: (E, C) and (E,)
        - factor: (B, C)
        - output: (B, E, H, W), (C,) and (C,)
    """
    x, weight, bias, factor = _cast(x, weight, bias, factor)
    with no_autocast(x.device.type):
        return _norm_relu_conv(x, norm_weight, norm_bias, weight, bias, factor,
                               eps)


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


def _cast(*tensors: Optional[Tensor]) -> list[Optional[Tensor]]:
    """Do what autocast does before a convolution."""
    dtype = autocast_dtype(tensors[0].device.type)
    if dtype is None:
        return list(tensors)
    return [None if x is None else x.to(dtype) for x in tensors]


@torch.library.custom_op('mmseg_ext::pointwise_mlp', mutates_args=())
def _mlp(x: Tensor, weight1: Tensor, bias1: Tensor, weight2: Tensor,
         bias2: Optional[Tensor]) -> Tensor:
    out = _new_map(x, weight2)
    for _, result, block in pixel_blocks(out, x):
        hidden = torch.addmm(bias1[:, None], weight1, block).relu_()  # (D, n)
        torch.mm(weight2, hidden, out=result)
        if bias2 is not None:
            result += bias2[:, None]
    return out


@_mlp.register_fake
def _(x, weight1, bias1, weight2, bias2):
    return _new_map(x, weight2)


@torch.library.custom_op('mmseg_ext::pointwise_mlp_backward', mutates_args=())
def _mlp_backward(grad: Tensor, x: Tensor, weight1: Tensor, bias1: Tensor,
                  weight2: Tensor,
                  needs_x: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of all but ``bias2``; of ``x`` if it needs one."""
    # where x needs no gradient nothing is written to its place
    grad_x = torch.empty_like(x, memory_format=torch.contiguous_format)
    grad1, grad2, grad_bias1 = (
        _zero_sum(w) for w in (weight1, weight2, bias1))
    for _, out, block, upper in pixel_blocks(grad_x, x, grad):
        hidden = torch.addmm(bias1[:, None], weight1, block).relu_()  # (D, n)
        grad2 += upper @ hidden.T
        lower = _relu_backward(weight2.T @ upper, hidden)  # (D, n)
        grad1 += lower @ block.T
        grad_bias1 += lower.sum(1)
        if needs_x:
            torch.mm(weight1.T, lower, out=out)
    return (grad_x, grad1.to(x.dtype), grad_bias1.to(x.dtype),
            grad2.to(x.dtype))


@_mlp_backward.register_fake
def _(grad, x, weight1, bias1, weight2, needs_x):
    return _gradients_like(x, weight1, bias1, weight2)


def _save_mlp(ctx, inputs: tuple, output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:4])


def _differentiate_mlp(ctx, grad: Tensor) -> tuple[Optional[Tensor], ...]:
    needs_x, *_, needs_bias2 = ctx.needs_input_grad
    grad_x, *grads = _mlp_backward(grad, *ctx.saved_tensors, needs_x)
    return (grad_x if needs_x else None, *grads,
            grad.sum((0, 2, 3)) if needs_bias2 else None)


_mlp.register_autograd(_differentiate_mlp, setup_context=_save_mlp)


@torch.library.custom_op('mmseg_ext::norm_relu_conv', mutates_args=())
def _norm_relu_conv(x: Tensor, norm_weight: Tensor, norm_bias: Tensor,
                    weight: Tensor, bias: Tensor, factor: Tensor,
                    eps: float) -> tuple[Tensor, Tensor, Tensor]:
    # the statistics take their type from the running ones, and these are
    # not changed here: an operator that changes a tensor has no gradient
    running = norm_bias.clone(), norm_bias.clone()
    mean, variance = torch.batch_norm_update_stats(x, *running, 0.0)
    slope, offset = _as_affine(mean, variance, norm_weight, norm_bias, eps)
    out = _new_map(x, weight)
    scaled = weight * factor[:, None]  # (B, E, C)
    for image, result, block in pixel_blocks(out, x):
        hidden = _affine_relu(block, slope, offset)  # (C, n)
        torch.addmm(bias[:, None], scaled[image], hidden, out=result)
    return out, mean, variance


@_norm_relu_conv.register_fake
def _(x, norm_weight, norm_bias, weight, bias, factor, eps):
    return _new_map(x, weight), *_gradients_like(norm_bias, norm_bias)


@torch.library.custom_op(
    'mmseg_ext::norm_relu_conv_backward', mutates_args=())
def _norm_relu_conv_backward(
        grad: Tensor, x: Tensor, norm_weight: Tensor, norm_bias: Tensor,
        weight: Tensor, factor: Tensor, mean: Tensor, variance: Tensor,
        eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of ``x``, the norm's two and the weight."""
    slope, offset = _as_affine(mean, variance, norm_weight, norm_bias, eps)
    inverse_std = (variance + eps).rsqrt()
    centre = mean.to(x.dtype)[:, None]
    grad_weight, total, product = (_zero_sum(w) for w in (weight, mean, mean))
    x = x.contiguous()  # of another layout each loop would copy it
    grad_x = torch.empty_like(x)
    scaled = weight * factor[:, None]  # (B, E, C)
    for image, out, block, upper in pixel_blocks(grad_x, x, grad):
        hidden = _affine_relu(block, slope, offset)  # (C, n)
        grad_weight += (upper @ hidden.T) * factor[image]
        torch.mm(scaled[image].T, upper, out=out)
        _relu_backward(out, hidden)
        total += out.sum(1, dtype=total.dtype)
        centred = torch.sub(block, centre, out=hidden)
        product += centred.mul_(out).sum(1, dtype=total.dtype)
    # The gradient of the norm, in place: slope * (g - mean of g -
    # normalised x * mean of (g * normalised x)).
    pixels = x.numel() // x.shape[1]
    tilt = slope * inverse_std.square() * product / pixels
    shift = tilt * mean - slope * total / pixels
    slope, tilt, shift = (c.to(x.dtype)[:, None] for c in (slope, tilt, shift))
    for _, out, block in pixel_blocks(grad_x, x):
        out.mul_(slope).addcmul_(block, tilt, value=-1).add_(shift)
    return (grad_x, (product * inverse_std).to(norm_weight.dtype),
            total.to(norm_bias.dtype), grad_weight.to(weight.dtype))


@_norm_relu_conv_backward.register_fake
def _(grad, x, norm_weight, norm_bias, weight, factor, mean, variance, eps):
    return _gradients_like(x, norm_weight, norm_bias, weight)


def _save_norm_relu_conv(ctx, inputs: tuple, output: tuple) -> None:
    x, norm_weight, norm_bias, weight, _, factor, ctx.eps = inputs
    statistics = output[1:]
    ctx.mark_non_differentiable(*statistics)
    ctx.save_for_backward(x, norm_weight, norm_bias, weight, factor,
                          *statistics)


def _differentiate_norm_relu_conv(ctx, grad: Tensor,
                                  *_) -> tuple[Optional[Tensor], ...]:
    grads = _norm_relu_conv_backward(grad, *ctx.saved_tensors, ctx.eps)
    return *grads, grad.sum((0, 2, 3)), None, None


_norm_relu_conv.register_autograd(
    _differentiate_norm_relu_conv, setup_context=_save_norm_relu_conv)


def _new_map(x: Tensor, weight: Tensor) -> Tensor:
    """Return an empty result of the convolution (E, D) of x."""
    return x.new_empty(len(x), len(weight), *x.shape[2:])


def _gradients_like(*tensors: Tensor) -> tuple[Tensor, ...]:
    return tuple(
        torch.empty_like(x, memory_format=torch.contiguous_format)
        for x in tensors)


def _as_affine(mean: Tensor, variance: Tensor, weight: Tensor, bias: Tensor,
               eps: float) -> tuple[Tensor, Tensor]:
    """Return the slope and the offset that a batch norm comes to."""
    slope = weight * (variance + eps).rsqrt()
    return slope, bias - mean * slope


def _zero_sum(like: Tensor) -> Tensor:
    """Return zeros to add to, in float32 at least."""
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
