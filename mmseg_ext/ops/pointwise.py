"""1 x 1 convolutions and their norms, saving their input alone for backward.

What lies between input and output is computed again in the backward pass. Each
function has two forms, and :func:`.blocks.in_blocks` chooses:

* Off the CPU it is PyTorch's own layers, checkpointed. A batch of any size
  takes as many kernel launches as one image.
* On a CPU it is an operator that goes through the batch in blocks which the
  cache holds. These operators are registered with PyTorch, so that
  torch.compile does not look inside: it would find what is computed again, and
  save it instead.
"""
from collections.abc import Callable
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .autocast import autocast_dtype, no_autocast
from .blocks import in_blocks, pixel_blocks
from .moments import HALF, as_affine, fold_batch_norm


def pointwise_mlp(x: Tensor,
                  weight1: Tensor,
                  bias1: Tensor,
                  weight2: Tensor,
                  bias2: Optional[Tensor] = None) -> Tensor:
    """Two 1 x 1 convolutions with a ReLU between, W_2 relu(W_1 x + b_1) + b_2.

    The hidden maps exist on a CPU for the pixels that its cache holds,
    elsewhere for the batch, and again in the backward pass; the input alone
    is saved for it.

    Shape:
        - x: (B, C, H, W)
        - weight1, bias1: (D, C) and (D,)
        - weight2, bias2: (E, D) and (E,)
        - output: (B, E, H, W)
    """
    tensors = _cast(x, weight1, bias1, weight2, bias2)
    with no_autocast(x.device.type):
        if in_blocks(x):
            return _mlp(*tensors)
        return _compute_again(_mlp_layers, *tensors)


def conv_norm_relu_conv(
        x: Tensor,
        weight1: Tensor,
        norm_weight: Tensor,
        norm_bias: Tensor,
        weight2: Tensor,
        bias2: Optional[Tensor] = None,
        eps: float = 1e-5,
        statistics: Optional[Tensor] = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Two 1 x 1 convolutions, and between them batch norm and a ReLU.

    The norm is that by the batch's statistics, which a CPU folds into the
    first convolution. The input alone is saved for the backward pass.

    Args:
        x: Feature map.
        weight1: Of the first convolution. Its bias, which the norm subtracts
            again, is left out.
        norm_weight, norm_bias: Of the norm.
        weight2, bias2: Of the second convolution.
        eps: Added to the variance.
        statistics: Zeros, for what is returned beside the result. None: new
            ones.

    Returns:
        The result, and for the norm's running statistics the batch's mean
        and variance (divided by B * H * W - 1), without a gradient.

    Shape:
        - x: (B, C, H, W)
        - weight1: (D, C)
        - norm_weight, norm_bias: (D,)
        - weight2, bias2: (E, D) and (E,)
        - statistics: (2, D)
        - output: (B, E, H, W), (D,) and (D,)
    """
    if in_blocks(x):
        x, centre = _centre_half(x)
        *folded, mean, variance = fold_batch_norm(x, weight1, norm_weight,
                                                  norm_bias, eps)
        if centre is not None:
            mean = mean + weight1.detach().to(mean.dtype) @ centre
        out = pointwise_mlp(x, *folded, weight2, bias2)
        return out, mean, variance * _bessel(x)
    x, weight1, weight2, bias2 = _cast(x, weight1, weight2, bias2)
    return _by_layers(x, weight1, norm_weight, norm_bias, None, weight2,
                      bias2, eps, statistics)


def norm_relu_conv(
        x: Tensor,
        norm_weight: Tensor,
        norm_bias: Tensor,
        weight: Tensor,
        bias: Tensor,
        factor: Optional[Tensor] = None,
        eps: float = 1e-5,
        statistics: Optional[Tensor] = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch norm by the batch's statistics, ReLU and a 1 x 1 convolution.

    The input is saved for the backward pass, and neither the normalised nor
    the dropped maps.

    Args:
        x: Feature map.
        norm_weight, norm_bias: Of the norm.
        weight, bias: Of the convolution.
        factor: By which each channel of each image is multiplied before the
            convolution, 0 or more: what dropout draws. None: 1.
        eps: Added to the variance.
        statistics: As in :func:`conv_norm_relu_conv`.

    Returns:
        As :func:`conv_norm_relu_conv`.

    Shape:
        - x: (B, C, H, W)
        - norm_weight, norm_bias: (C,)
        - weight, bias: (E, C) and (E,)
        - factor: (B, C)
        - statistics: (2, C)
        - output: (B, E, H, W), (C,) and (C,)
    """
    x, weight, bias, factor = _cast(x, weight, bias, factor)
    if not in_blocks(x):
        return _by_layers(x, None, norm_weight, norm_bias, factor, weight,
                          bias, eps, statistics)
    if factor is None:
        factor = x.new_ones(x.shape[:2])
    with no_autocast(x.device.type):
        out, mean, variance = _norm_relu_conv(x, norm_weight, norm_bias,
                                              weight, bias, factor, eps)
    return out, mean, variance * _bessel(x)


def _cast(*tensors: Optional[Tensor]) -> list[Optional[Tensor]]:
    """Do what autocast does before a convolution."""
    dtype = autocast_dtype(tensors[0].device.type)
    if dtype is None:
        return list(tensors)
    return [None if x is None else x.to(dtype) for x in tensors]


def _centre_half(x: Tensor) -> tuple[Tensor, Optional[Tensor]]:
    """Subtract the mean of each channel, where half precision is to come.

    It has two or three digits. Far from zero they would go to the mean, and
    what a product with rounded weights makes of it is not what the norm, by
    its own weights, subtracts again.

    Returns:
        The map in half precision and what was subtracted, without a
        gradient. Else the map as it was, and None.
    """
    dtype = autocast_dtype(x.device.type) or x.dtype
    if dtype not in HALF:
        return x, None
    centre = x.detach().mean((0, 2, 3), dtype=torch.float64)
    return (x - centre.float()[:, None, None]).to(dtype), centre


def _bessel(x: Tensor) -> float:
    """Return what makes a variance over all pixels an unbiased one."""
    pixels = x.numel() // x.shape[1]
    return pixels / max(pixels - 1, 1)


def _compute_again(layers: Callable, *tensors: Optional[Tensor]) -> Tensor:
    """Run layers, and again in the backward pass; save the tensors alone."""
    # nothing is drawn in them: no state of a generator to keep
    return checkpoint(
        layers, *tensors, use_reentrant=False, preserve_rng_state=False)


def _mlp_layers(x: Tensor, weight1: Tensor, bias1: Tensor, weight2: Tensor,
                bias2: Optional[Tensor]) -> Tensor:
    return _conv(_conv(x, weight1, bias1).relu_(), weight2, bias2)


def _by_layers(x: Tensor, weight1: Optional[Tensor], norm_weight: Tensor,
               norm_bias: Tensor, factor: Optional[Tensor], weight2: Tensor,
               bias2: Optional[Tensor], eps: float,
               statistics: Optional[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the result and the statistics of either function with a norm."""
    if statistics is None:
        statistics = norm_weight.new_zeros(2, len(norm_weight))
    with no_autocast(x.device.type):
        out = _compute_again(_norm_layers, x, weight1, norm_weight, norm_bias,
                             factor, weight2, bias2, eps, statistics)
    return out, *statistics


def _norm_layers(x, weight1, norm_weight, norm_bias, factor, weight2, bias2,
                 eps, statistics):
    if weight1 is not None:
        x = _conv(x, weight1)
    # of momentum 1: what is computed again changes nothing
    x = F.batch_norm(x, *statistics, norm_weight, norm_bias, True, 1.0, eps)
    if factor is not None:
        x = x * factor[..., None, None]  # before the ReLU: it works in place
    return _conv(x.relu_(), weight2, bias2)


def _conv(x: Tensor, weight: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    return F.conv2d(x, weight[..., None, None], bias)


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
    running = _zero_sum(norm_bias), _zero_sum(norm_bias)
    mean, variance = torch.batch_norm_update_stats(x, *running, 0.0)
    slope, offset = as_affine(mean, variance, norm_weight, norm_bias, eps)
    out = _new_map(x, weight)
    scaled = weight * factor[:, None]  # (B, E, C)
    for image, result, block in pixel_blocks(out, x):
        hidden = _affine_relu(block, slope, offset)  # (C, n)
        torch.addmm(bias[:, None], scaled[image], hidden, out=result)
    return out, mean, variance


@_norm_relu_conv.register_fake
def _(x, norm_weight, norm_bias, weight, bias, factor, eps):
    return _new_map(x, weight), _zero_sum(norm_bias), _zero_sum(norm_bias)


@torch.library.custom_op(
    'mmseg_ext::norm_relu_conv_backward', mutates_args=())
def _norm_relu_conv_backward(
        grad: Tensor, x: Tensor, norm_weight: Tensor, norm_bias: Tensor,
        weight: Tensor, factor: Tensor, mean: Tensor, variance: Tensor,
        eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of ``x``, the norm's two and the weight."""
    slope, offset = as_affine(mean, variance, norm_weight, norm_bias, eps)
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
    # the centre may be the mean in half precision
    product -= (mean - centre[:, 0]) * total
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
    # not addcmul: with two numbers a row a CPU does one pixel at a time
    out = (x * slope[:, None]).add_(offset[:, None]).relu_()
    return out.to(x.dtype)  # of half precision it was float32 so far
