"""Cost of the deformable convolution's backends, side by side."""
from collections.abc import Callable
from statistics import median

import torch

from mmseg_ext.ops.deform_conv import available_backends, deform_conv2d

from .measure import StepCost, peak_megabytes, seconds

KERNEL = 3


def build_passes(backend: str, channels: int, size: int, batch: int,
                 modulated: bool) -> tuple[Callable, Callable]:
    """Return the forward and the backward pass of a backend, to be called."""
    torch.manual_seed(0)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'

    def randn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, device=device, requires_grad=True)

    taps = KERNEL**2
    x = randn(batch, channels, size, size)
    offset = randn(batch, 2 * taps, size, size)
    weight = randn(channels, channels, KERNEL, KERNEL)
    mask = randn(batch, taps, size, size) if modulated else None
    slope = torch.randn_like(x)
    state = {}

    def forward() -> None:
        state['out'] = deform_conv2d(
            x, offset, weight, mask=mask, padding=KERNEL // 2,
            backend=backend)

    def backward() -> None:
        state.pop('out').backward(slope)

    return forward, backward


def build_step(backend: str, *sizes) -> Callable:
    """Return one training step of a backend, to be called."""
    # loads the backend's library, which is not memory of the step
    for work in build_passes(backend, 1, 1, 1, False):
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
                        repeats: int = 5) -> dict[str, StepCost]:
    """Time the installed backends in turn, and measure their peak memory.

    A 3x3 convolution in float32 that keeps the number of channels.

    Args:
        channels: Channels of input and output, at least 1.
        size: Side of the square map in pixels, at least 1.
        batch: Maps in one step, at least 1.
        modulated: With a mask (version 2), or offsets only (version 1).
        repeats: Timed steps of each backend, alternating, after one that
            is not counted.

    Returns:
        The cost of each installed backend, in the order of 'auto'.

    Raises:
        ValueError: If an argument is out of its range.
    """
    for name, value in dict(channels=channels, size=size, batch=batch,
                            repeats=repeats).items():
        if value < 1:
            raise ValueError(f'{name}={value}: must be at least 1')
    sizes = channels, size, batch, modulated
    passes = {x: build_passes(x, *sizes) for x in available_backends()}
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
