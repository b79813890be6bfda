"""How long the operations take that a search chooses from."""
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from mmseg_ext.basics.alternation import alternate
from mmseg_ext.models import SearchEncoderDecoder


def measure_latencies(model: SearchEncoderDecoder, image: Tensor,
                      repeats: int) -> dict:
    """Time each operation on the map that it would take.

    In evaluation mode and in turn, each beside the first of its mixture, of
    one image.

    Args:
        model: Whose mode and random numbers stay as they are.
        image: (1, 3, H, W), as the data preprocessor returns it.
        repeats: How often; the median ratio counts.

    Returns:
        ``latency``: mixture -> cost of each of its operations, relative to
        the sum of each mixture's first; ``milliseconds`` of the first ones;
        ``sizes`` of their maps; ``ops``, the names; ``device`` and
        ``threads``.
    """
    head = model.decode_head
    seconds, ratios, sizes = {}, {}, {}
    with evaluating(model), torch.inference_mode():
        taken = head.inputs_of_mixtures(model.extract_feat(image))
        for name, x in taken:
            ops = head.mixtures()[name].ops.values()
            medians, ratios[name] = alternate(
                *(partial(_run, op, x) for op in ops), repeats=repeats)
            seconds[name] = medians[0]
            sizes[name] = list((x if isinstance(x, Tensor) else x[0]
                                ).shape[2:])
    whole = sum(seconds.values())
    return dict(
        latency={name: [ratio * seconds[name] / whole for ratio in each]
                 for name, each in ratios.items()},
        milliseconds={name: 1e3 * each for name, each in seconds.items()},
        sizes=sizes, ops=op_names(model), device=image.device.type,
        threads=torch.get_num_threads(), repeats=repeats)


def op_names(model: SearchEncoderDecoder) -> dict[str, list[str]]:
    """Return the names of the operations of each mixture."""
    return {name: list(mixture.names)
            for name, mixture in model.decode_head.mixtures().items()}


def fits(table: Mapping, model: SearchEncoderDecoder) -> bool:
    """Tell whether a table is of the operations that a model has."""
    return table.get('ops') == op_names(model)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model in evaluation mode, and each layer back after it."""
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


def _run(op: nn.Module, x: Tensor) -> None:
    op(x)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
