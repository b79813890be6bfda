"""Which layers of a family of networks may be pruned."""
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from mmcv.cnn.bricks.transformer import FFN
from mmseg.models.backbones.mit import (
    EfficientMultiheadAttention,
    MixFFN,
    MixVisionTransformer,
)
from mmseg.models.decode_heads import SegformerHead, SETRMLAHead
from torch import nn

from mmseg_ext.models import (
    DeformablePSA,
    FusedMixVisionTransformer,
    FusedSegformerHead,
    MultiScaleCrossAttentionNeck,
)
from mmseg_ext.models.backbones.fused_mit import FusedEfficientAttention

from .importance import layers_of

# The widths of the first two are read from arguments in forward, or their
# weights as numbers: no tracing ties them to a layer. In the last
# torch-pruning 1.6 takes a channel of each map that is concatenated for one.
UNTRACED = (DeformablePSA, MultiScaleCrossAttentionNeck, SETRMLAHead)
# Has as many channels as there are classes.
CLASSIFIER = 'conv_seg'
STOCK = {
    FusedEfficientAttention: EfficientMultiheadAttention,
    FusedMixVisionTransformer: MixVisionTransformer,
    FusedSegformerHead: SegformerHead,
}
NAMED = 3


def find_scope(model: nn.Module, only: Optional[str] = None,
               ignore: Optional[str] = None) -> tuple[str, set[str]]:
    """Return the scope of a segmentor and the names of its layers.

    ``all`` for convolutional networks: all layers but the classifier.
    ``ffn+rest`` where a part has attention: of that part the hidden layers
    of its feed-forward blocks, as attention wants widths that its heads
    divide and that residual sums fix through a whole stage; other parts,
    such as a head of convolutions, are pruned whole.

    Args:
        model: Segmentor.
        only: Regular expression that is searched in names; the layers that
            have it are taken instead of the scope's.
        ignore: The same; the layers that have it are left out.

    Raises:
        ValueError: If an expression is in no name, or no layer is left.
    """
    layers = layers_of(model)
    scope, names = 'all', set()
    for part, module in model.named_children():
        if _has_attention(module):
            scope = 'ffn+rest'
            names |= {f'{part}.{name}' for name in _hidden(module)}
        elif not isinstance(module, UNTRACED):
            names |= {name for name in layers
                      if name.startswith(f'{part}.')
                      and not _is_untraced(model, name)}
    if only is not None:
        scope = f'only {only}'
        names = _matching(layers, 'only', only)
    if ignore is not None:
        scope = f'{scope} but {ignore}'
        names -= _matching(layers, 'ignore', ignore)
    names = {name for name in names if CLASSIFIER not in name.split('.')}
    if not names:
        raise ValueError(
            f'No layer is left to prune (scope {scope}). Of the '
            f'{len(layers)} layers are {_some(layers)}; the classifier, '
            f'{CLASSIFIER}, stays: --only and --ignore choose by name')
    return scope, names


@contextmanager
def stock_types(model: nn.Module) -> Iterator[None]:
    """Give modules mmseg's own types for a while, which can be traced.

    The fused types have the same weights under the same names.
    """
    changed = [(module, type(module)) for module in model.modules()
               if type(module) in STOCK]
    for module, kind in changed:
        module.__class__ = STOCK[kind]
    try:
        yield
    finally:
        for module, kind in changed:
            module.__class__ = kind


def _has_attention(part: nn.Module) -> bool:
    """Tell whether a part has queries and keys, as transformers have."""
    return any(isinstance(module, nn.MultiheadAttention)
               or hasattr(module, 'qkv') for module in part.modules())


def _hidden(part: nn.Module) -> Iterator[str]:
    """Yield the layers that make the hidden map of feed-forward blocks."""
    for name, module in part.named_modules():
        if isinstance(module, MixFFN):  # 1x1, and depthwise
            yield from (f'{name}.layers.0', f'{name}.layers.1')
        elif isinstance(module, FFN):
            yield f'{name}.layers.0.0'


def _is_untraced(model: nn.Module, name: str) -> bool:
    parents = name.split('.')
    return any(isinstance(model.get_submodule('.'.join(parents[:i])),
                          UNTRACED) for i in range(1, len(parents)))


def _matching(layers: dict[str, nn.Module], option: str,
              expression: str) -> set[str]:
    found = {name for name in layers if re.search(expression, name)}
    if not found:
        raise ValueError(f'--{option} {expression}: in none of the '
                         f'{len(layers)} names of layers, such as '
                         f'{_some(layers)}')
    return found


def _some(layers: dict[str, nn.Module]) -> str:
    names = [*layers]
    return ', '.join(names[::max(len(names) // NAMED, 1)][:NAMED])
