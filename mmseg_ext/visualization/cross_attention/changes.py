"""What a pair's result is replaced by, to see what it is good for."""
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor

from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.models import MultiScaleCrossAttentionNeck
from mmseg_ext.models.necks.cross_scale_attention import CrossScaleAttention

from .twin import open_attention, resized_values

# In the order of what is left: nothing, one vector for all positions, the
# other map at each position.
CHANGES = ('zero', 'mean', 'resized')


def replace_result(change: str, module: CrossScaleAttention, target: Tensor,
                   source: Tensor, output: Tensor) -> Tensor:
    """Return what stands in for the result of a pair's attention.

    Args:
        change: 'zero'; 'mean': its mean over positions, a global average;
            'resized': the values resized to the query map's grid, as in a
            feature pyramid.
        module: The attention of the pair.
        target: (B, C, H, W) query map.
        source: (B, C', H', W') key/value map.
        output: (B, C, H, W), the result.
    """
    check_choice('change', change, CHANGES)
    if change == 'zero':
        return torch.zeros_like(output)
    if change == 'mean':
        return output.mean((2, 3), keepdim=True).expand_as(output)
    return resized_values(module, open_attention(module, target, source),
                          output.shape[2:])


@contextmanager
def changed_results(neck: MultiScaleCrossAttentionNeck, change: str,
                    pairs: Collection[int]) -> Iterator[None]:
    """Replace the results of some pairs while a block runs.

    Args:
        neck: Whose class and weights stay as they are.
        change: See :func:`replace_result`.
        pairs: Indices of ``neck.pairs``.
    """
    def replace(module, inputs, output):
        return replace_result(change, module, *inputs, output)

    with ExitStack() as stack:
        for i in pairs:
            stack.enter_context(
                neck.attentions[i].register_forward_hook(replace))
        yield
