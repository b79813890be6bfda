"""Cost of the cross-attention against the paper's literal form."""
from collections.abc import Callable
from statistics import median

import torch

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.engine.timing import seconds
from mmseg_ext.models.necks.cross_scale_attention import (
    CrossScaleAttention,
)

from .measure import StepCost, peak_megabytes

# Stage 4 <- 8 of MiT-B5: (channels, stride) of target and source
TARGET, SOURCE = (64, 4), (128, 8)
FORMS = dict(
    literal=dict(upsample='nearest', attention='plain'),
    ours=dict(upsample=None, attention='fused'))


def build_passes(form: str, crop: int) -> tuple[Callable, Callable]:
    """Return the forward and the backward pass of a form, to be called."""
    torch.manual_seed(0)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    attention = CrossScaleAttention(
        TARGET[0], SOURCE[0], **FORMS[form]).to(device)
    maps = [
        torch.randn(
            1, channels, crop // stride, crop // stride, device=device,
            requires_grad=True) for channels, stride in (TARGET, SOURCE)
    ]
    state = {}

    def forward() -> None:
        state['out'] = attention(*maps)

    def backward() -> None:
        state.pop('out').sum().backward()

    return forward, backward


def build_step(form: str, crop: int) -> Callable:
    """Return one training step of a form, to be called."""
    forward, backward = build_passes(form, crop)

    def step() -> None:
        forward()
        backward()

    return step


def compare_attention(crop: int = 480,
                      repeats: int = 5) -> dict[str, StepCost]:
    """Time both forms in turn, and measure each one's peak memory.

    Args:
        crop: Side of the square input image in pixels, a multiple of 8.
        repeats: Timed steps of each form, alternating, after one that is
            not counted.

    Returns:
        'literal' (keys and values enlarged, softmax(QK^T)V written out) and
        'ours' (keys on their own grid, fused attention).

    Raises:
        ValueError: If an argument is out of its range.
    """
    if crop < 8 or crop % 8:
        raise ValueError(f'crop={crop}: must be a multiple of 8')
    check_at_least(1, repeats=repeats)
    passes = {form: build_passes(form, crop) for form in FORMS}
    times = {form: [] for form in FORMS}
    for _ in range(repeats + 1):
        for form, (forward, backward) in passes.items():
            times[form].append((seconds(forward), seconds(backward)))
    return {
        form: StepCost(
            *(median(column) for column in zip(*times[form][1:])),
            peak_megabytes(build_step, form, crop))
        for form in FORMS
    }
