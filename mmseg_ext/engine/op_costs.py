"""How long the operations take that a search chooses from."""
from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from mmseg_ext.basics.alternation import alternate
from mmseg_ext.models import SearchEncoderDecoder

from .modes import evaluating
from .timing import seconds


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
    firsts, ratios, sizes = {}, {}, {}
    with evaluating(model), torch.inference_mode():
        taken = head.inputs_of_mixtures(model.extract_feat(image))
        for name, x in taken:
            ops = head.mixtures()[name].ops.values()
            medians, ratios[name] = alternate(
                *(partial(op, x) for op in ops), seconds=seconds,
                repeats=repeats)
            firsts[name] = medians[0]
            sizes[name] = list((x if isinstance(x, Tensor) else x[0]
                                ).shape[2:])
    whole = sum(firsts.values())
    return dict(
        latency={name: [ratio * firsts[name] / whole for ratio in each]
                 for name, each in ratios.items()},
        milliseconds={name: 1e3 * each for name, each in firsts.items()},
        sizes=sizes, ops=op_names(model), device=image.device.type,
        threads=torch.get_num_threads(), repeats=repeats)


def op_names(model: SearchEncoderDecoder) -> dict[str, list[str]]:
    """Return the names of the operations of each mixture."""
    return {name: list(mixture.names)
            for name, mixture in model.decode_head.mixtures().items()}


def fits(table: Mapping, model: SearchEncoderDecoder) -> bool:
    """Tell whether a table is of the operations that a model has."""
    return table.get('ops') == op_names(model)
