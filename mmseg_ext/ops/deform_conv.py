"""Deformable convolution by torchvision, by mmcv, or in plain PyTorch."""
import importlib.util
from functools import partial
from typing import Optional

import torch
from torch import Tensor

from mmseg_ext.basics.arguments import check_choice

from .autocast import autocast_dtype, no_autocast
from .deform_conv_plain import deform_conv2d_plain, tracing

BACKENDS = ('auto', 'torchvision', 'mmcv', 'torch')
MISSING = dict(
    torchvision="torchvision is not installed: `pip install torchvision` or "
    "`pip install 'mmseg_ext[mmpretrain]'`",
    mmcv='mmcv has no compiled operators here (mmcv-lite): build the full '
    'mmcv with `bash tools/setup_env.sh --ops`')
IntPair = int | tuple[int, int]


def deform_conv2d(input: Tensor,
                  offset: Tensor,
                  weight: Tensor,
                  bias: Optional[Tensor] = None,
                  mask: Optional[Tensor] = None,
                  *,
                  stride: IntPair = 1,
                  padding: IntPair = 0,
                  dilation: IntPair = 1,
                  backend: str = 'auto') -> Tensor:
    """Convolve with a kernel whose taps are moved at every output pixel.

    Each tap reads the input at its regular place plus an offset, bilinearly
    and with zeros outside the input. Offsets of zero give ``F.conv2d``.
    Half precision and autocast are computed in float32, whatever the
    backend: bfloat16 could not tell pixel 200 from pixel 201. The result
    has the type that ``F.conv2d`` would return.

    Args:
        input: Feature map.
        offset: Shift of each tap in input pixels, (dy, dx) interleaved, the
            taps row by row, one deformable group after the other. It and
            the mask may be of another floating type than the input.
        weight: Kernel. C / (its second dimension) is the number of groups.
        bias: Added to each output channel.
        mask: Factor for each tap (version 2, modulated), usually 0 to 1;
            None is version 1, all factors 1.
        stride: Step of the output grid in input pixels, int or (y, x), >= 1.
        padding: Zeros around the input in pixels, int or (y, x), >= 0.
        dilation: Distance of the taps in pixels, int or (y, x), >= 1.
        backend: 'torchvision' or 'mmcv' (compiled), 'torch' (plain PyTorch,
            traceable), or 'auto': the first of the three that is installed
            on a GPU; 'torch' on the CPU, where it is the fastest, and while
            a graph is traced, exported or compiled. Equal up to rounding.
            'torch' holds all the samples and their gradients, kh * kw times
            a map of C channels at the size of the output, and about 150
            bytes for every single tap.

    Shape:
        - input: (B, C, H, W)
        - offset: (B, 2 * deformable groups * kh * kw, H', W')
        - weight: (C', C / groups, kh, kw)
        - bias: (C',)
        - mask: (B, deformable groups * kh * kw, H', W')
        - output: (B, C', H', W')

    Raises:
        FloatingPointError: If an offset is NaN, for a compiled backend on
            the CPU, which would crash.
        ImportError: If the backend asked for is not installed.
        ValueError: If an argument is out of its range, or shapes or types
            do not fit together.

    Reference:
        Dai et al., Deformable Convolutional Networks, 2017, equations 2-4;
        Zhu et al., Deformable ConvNets v2, 2019, equation 1.
    """
    geometry = dict(
        stride=_pair('stride', stride, 1),
        padding=_pair('padding', padding, 0),
        dilation=_pair('dilation', dilation, 1))
    _check_shapes(input, offset, weight, bias, mask, **geometry)
    run = _choose(backend, input.device.type)
    return run_in_float32(
        partial(run, **geometry), input, offset, weight, bias, mask)


def available_backends() -> tuple[str, ...]:
    """Return the backends that are installed, in the order of 'auto'."""
    found = []
    if importlib.util.find_spec('torchvision'):
        found.append('torchvision')
    if importlib.util.find_spec('mmcv'):
        extension = importlib.util.find_spec('mmcv._ext')
        # the stand-in of mmseg_ext.compat has a specification, no loader
        if extension is not None and extension.loader is not None:
            found.append('mmcv')
    return (*found, 'torch')


def _choose(backend: str, device: str):
    check_choice('backend', backend, BACKENDS)
    if backend == 'auto':
        # On the CPU PyTorch's own form is the fastest of them.
        plain = device == 'cpu' or tracing()
        backend = 'torch' if plain else available_backends()[0]
    if backend == 'torch':
        return deform_conv2d_plain
    if backend not in available_backends():
        raise ImportError(f'backend={backend!r}: {MISSING[backend]}; or use '
                          "backend='torch'")
    return dict(torchvision=_run_torchvision, mmcv=_run_mmcv)[backend]


def run_in_float32(function,
                   input: Tensor,
                   offset: Tensor,
                   weight: Tensor,
                   bias: Optional[Tensor] = None,
                   mask: Optional[Tensor] = None) -> Tensor:
    """Return ``function`` of the five, computed in float32 at least.

    In float64 where the arguments are. The result has the type that
    ``F.conv2d`` would return.
    """
    result = _result_dtype(input, weight, bias)
    work = result if result == torch.float64 else torch.float32
    with no_autocast(input.device.type):
        tensors = (
            None if x is None else x.to(work)
            for x in (input, offset, weight, bias, mask))
        return function(*tensors).to(result)


def _result_dtype(input: Tensor, weight: Tensor,
                  bias: Optional[Tensor]) -> torch.dtype:
    """Return the type that F.conv2d would; autocast spares float64."""
    tensors = dict(input=input, weight=weight)
    if bias is not None:
        tensors['bias'] = bias
    found = {name: x.dtype for name, x in tensors.items()}
    dtypes = set(found.values())
    cast = autocast_dtype(input.device.type)
    if cast is not None:
        dtypes = {x if x == torch.float64 else cast for x in dtypes}
    if len(dtypes) > 1 or not input.is_floating_point():
        raise ValueError(f'{found}: must be of one floating type')
    return dtypes.pop()


def _pair(name: str, value: IntPair, low: int) -> tuple[int, int]:
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2 or any(
            not isinstance(x, int) or x < low for x in pair):
        raise ValueError(f'{name}={value!r}: must be an int of at least {low}'
                         ', or a pair (y, x) of them')
    return tuple(pair)


def _check_shapes(input, offset, weight, bias, mask, stride, padding,
                  dilation) -> None:
    for name, x in dict(input=input, offset=offset, weight=weight).items():
        if x.dim() != 4:
            raise ValueError(
                f'{name} of shape {tuple(x.shape)}: must have 4 dimensions')
    batch, channels, *size = input.shape
    out_channels, group_channels, *kernel = weight.shape
    if channels % group_channels or (
            out_channels % (channels // group_channels)):
        raise ValueError(
            f'weight of shape {tuple(weight.shape)}: its second dimension '
            f'must divide the {channels} channels of the input, and the '
            'number of groups that this gives must divide the first')
    out_size = [
        (size[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) //
        stride[i] + 1 for i in range(2)
    ]
    if min(out_size) < 1:
        raise ValueError(
            f'input of {size[0]} x {size[1]} pixels with padding={padding}: '
            f'smaller than the kernel of {kernel[0]} x {kernel[1]} with '
            f'dilation={dilation}')
    taps = kernel[0] * kernel[1]
    groups = offset.shape[1] // (2 * taps)
    if offset.shape[1] % (2 * taps) or groups < 1 or channels % groups:
        raise ValueError(
            f'offset has {offset.shape[1]} channels: must be 2 * {taps} taps '
            '* deformable groups, and the groups must divide the '
            f'{channels} channels of the input')
    wanted = dict(
        offset=(offset, (batch, 2 * groups * taps, *out_size)),
        mask=(mask, (batch, groups * taps, *out_size)),
        bias=(bias, (out_channels,)))
    for name, (x, shape) in wanted.items():
        if x is not None and tuple(x.shape) != shape:
            raise ValueError(f'{name} of shape {tuple(x.shape)}: must be of '
                             f'shape {shape}')


def _refuse_nan(offset: Tensor) -> None:
    # The compiled ones crash on it (segmentation fault, torchvision 0.29).
    # On the CPU only: elsewhere asking would wait for the device.
    if offset.device.type == 'cpu' and not tracing() and (
            offset.isnan().any()):
        raise FloatingPointError(
            'offset holds NaN: did the training diverge? (Lower the learning '
            "rate, or backend='torch' to let NaN through.)")


def _run_torchvision(input, offset, weight, bias, mask, stride, padding,
                     dilation) -> Tensor:
    from torchvision.ops import deform_conv2d as compiled
    _refuse_nan(offset)
    return compiled(input, offset, weight, bias, stride, padding, dilation,
                    mask)


def _run_mmcv(input, offset, weight, bias, mask, stride, padding,
              dilation) -> Tensor:
    from mmcv.ops import modulated_deform_conv2d as compiled

    _refuse_nan(offset)
    # Version 1 takes this way too: mmcv's own operator for it has no bias,
    # and refuses maps smaller than the kernel and batches such as 33.
    if mask is None:
        batch, channels, height, width = offset.shape
        mask = offset.new_ones(batch, channels // 2, height, width)
    taps = weight.shape[2] * weight.shape[3]
    # contiguous: the operator reads the memory as if it were
    return compiled(input.contiguous(), offset.contiguous(),
                    mask.contiguous(), weight.contiguous(), bias, stride,
                    padding, dilation, input.shape[1] // weight.shape[1],
                    mask.shape[1] // taps)
