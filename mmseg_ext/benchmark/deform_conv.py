"""Cost of the deformable convolution's backends, alone and in a layer."""
from collections.abc import Callable
from functools import partial
from statistics import median

import torch

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.engine.timing import seconds
from mmseg_ext.models.plugins import DeformablePSA
from mmseg_ext.ops.deform_conv import available_backends, deform_conv2d

from .measure import StepCost, peak_megabytes

KERNEL = 3


def build_passes(backend: str, channels: int, size: int, batch: int,
                 modulated: bool, block: bool) -> tuple[Callable, Callable]:
    """Return the forward and the backward pass of a backend, to be called."""
    torch.manual_seed(0)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'

    def randn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, device=device, requires_grad=True)

    x = randn(batch, channels, size, size)
    slope = torch.randn_like(x)
    state = {}
    if block:
        layer = DeformablePSA(
            channels, dcn_version=2 if modulated else 1,
            backend=backend).to(device)
        for name, parameter in layer.named_parameters():
            if 'conv_offset' in name:  # they start as 0
                torch.nn.init.normal_(parameter, std=0.1)
        run = partial(layer, x)
    else:
        taps = KERNEL**2
        run = partial(
            deform_conv2d,
            x,
            randn(batch, 2 * taps, size, size),
            randn(channels, channels, KERNEL, KERNEL),
            mask=randn(batch, taps, size, size) if modulated else None,
            padding=KERNEL // 2,
            backend=backend)

    def forward() -> None:
        state['out'] = run()

    def backward() -> None:
        state.pop('out').backward(slope)

    return forward, backward


def build_step(backend: str, *sizes) -> Callable:
    """Return one training step of a backend, to be called."""
    # loads the backend's library, which is not memory of the step
    for work in build_passes(backend, 2, 1, 1, False, False):
        work()
    forward, backward = build_passes(backend, *sizes)

    def step() -> None:
        forward()
        backward()

    return step


def compare_deform_conv(channels: int = 64,
                        size: int = 60,
                        batch: int = 2,
                        modulated: bool = False,
                        block: bool = False,
                        repeats: int = 5) -> dict[str, StepCost]:
    """Time the installed backends in turn, and measure their peak memory.

    A 3x3 convolution in float32 that keeps the number of channels; or a
    DeformablePSA layer, whose 'auto' is a backend of its own.

    Args:
        channels: Channels of input and output, at least 1.
        size: Side of the square map in pixels, at least 1.
        batch: Maps in one step, at least 1.
        modulated: With a mask (version 2), or offsets only (version 1).
        block: The whole layer, with its usual half of the channels for
            query and value.
        repeats: Timed steps of each backend, alternating, after one that
            is not counted.

    Returns:
        The cost of each installed backend, in the order of 'auto', and in
        a layer of 'auto' itself before them.

    Raises:
        ValueError: If an argument is out of its range.
    """
    check_at_least(
        1, channels=channels, size=size, batch=batch, repeats=repeats)
    sizes = channels, size, batch, modulated, block
    backends = available_backends()
    if block:
        backends = ('auto', *backends)
    passes = {x: build_passes(x, *sizes) for x in backends}
    times = {backend: [] for backend in passes}
    for _ in range(repeats + 1):
        for backend, (forward, backward) in passes.items():
            times[backend].append((seconds(forward), seconds(backward)))
    return {
        backend: StepCost(
            *(median(column) for column in zip(*times[backend][1:])),
            peak_megabytes(build_step, backend, *sizes))
        for backend in passes
    }
