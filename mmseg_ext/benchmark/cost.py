"""Parameters, multiplications, time and memory of models, side by side."""
import traceback
from collections.abc import Mapping
from statistics import quantiles
from typing import Optional

import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.allocator import trim_heap
from mmseg_ext.engine.model_cost import (
    PixelLogits,
    count_cio,
    count_flops,
    deployed_parameters,
)
from mmseg_ext.engine.timing import seconds

from .measure import STATUS, run_with_peak

WARM_UPS = 3


def measure_costs(models: Mapping[str, dict],
                  input_size: tuple[int, int],
                  repeats: int = 20) -> dict[str, dict]:
    """Measure what one image costs each of several models.

    All are built first, with random weights, and then timed in turn, so that
    a machine that slows down slows all of them. Timed is the forward pass
    from a normalised image to the logits of its pixels, in float32, batch 1,
    on the GPU if there is one.

    Args:
        models: Name -> config of a segmentor.
        input_size: (height, width) of the image in pixels.
        repeats: Timed passes of each model, 2 or more.

    Returns:
        Name -> ``parameters`` (as deployed, see
        :func:`deployed_parameters`), ``flops`` and ``uncounted`` of
        :func:`count_flops`, ``cio`` of :func:`count_cio`, ``milliseconds``
        (median) with ``quartiles``, ``memory`` (bytes: the most that a pass
        takes beyond weights and image; None where the system does not tell);
        or ``error``, why the model could not be measured.

    Raises:
        ValueError: If there are too few repeats.
    """
    if repeats < 2:
        raise ValueError(f'repeats={repeats}: must be at least 2')
    init_default_scope('mmseg')
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    image = torch.randn(1, 3, *input_size, device=device)
    networks, costs = {}, {}
    for name, model in models.items():
        try:
            segmentor = revert_sync_batchnorm(MODELS.build(model))
            network = PixelLogits(segmentor).to(device)
            network.segmentor.eval()
            flops, uncounted = count_flops(network, image)
            costs[name] = dict(
                parameters=deployed_parameters(segmentor),
                flops=flops,
                uncounted=uncounted,
                cio=count_cio(network, image))
            networks[name] = network
        except Exception as error:  # the other models can still be measured
            traceback.print_exc()
            costs[name] = dict(error=f'{type(error).__name__}: {error}')
    times = {name: [] for name in networks}
    with torch.no_grad():
        for _ in range(WARM_UPS + repeats):
            for name, network in networks.items():
                times[name].append(seconds(lambda net=network: net(image)))
    for name, measured in times.items():
        low, median, high = quantiles(
            [1000 * t for t in measured[WARM_UPS:]], method='inclusive')
        costs[name].update(milliseconds=median, quartiles=[low, high])
    for name, network in networks.items():  # after all that is timed
        costs[name]['memory'] = _measure_memory(network, image)
    return costs


def _measure_memory(network: nn.Module, image: Tensor) -> Optional[int]:
    """Return what a pass takes at most, in bytes; not its first."""
    if image.device.type == 'cpu' and not STATUS.exists():
        return None
    trim_heap()
    with torch.no_grad():
        before, peak = run_with_peak(
            lambda: network(image), image.device.type)
    return peak - before
