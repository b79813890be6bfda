"""Names of weights in one implementation of a network, and in another."""
import re
from collections.abc import Mapping

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.extras import require_extra

from .scheme import State, WeightsError, without_counters

NAMED = 3  # so many weights in an error
# efficientnet_pytorch's -> timm's, outside of the blocks
OUTER = {'_conv_stem': 'conv_stem', '_bn0': 'bn1', '_conv_head': 'conv_head',
         '_bn1': 'bn2', '_fc': 'classifier'}
# of a block that first widens, and of one that does not
WIDENING = {'_expand_conv': 'conv_pw', '_bn0': 'bn1',
            '_depthwise_conv': 'conv_dw', '_bn1': 'bn2',
            '_se_reduce': 'se.conv_reduce', '_se_expand': 'se.conv_expand',
            '_project_conv': 'conv_pwl', '_bn2': 'bn3'}
PLAIN = dict(WIDENING, _bn1='bn1', _project_conv='conv_pw', _bn2='bn2')


def timm_weights(model_name: str) -> State:
    """Return a timm model's weights without memory: names and shapes."""
    require_extra('timm', 'encoders')
    import timm

    with torch.device('meta'):
        return timm.create_model(model_name).state_dict()


def mmseg_weights(**model) -> State:
    """Return an mmseg model's weights without memory: names and shapes."""
    with torch.device('meta'):
        net: nn.Module = MODELS.build(model)
    return net.state_dict()


def rename_efficientnet(state: Mapping[str, Tensor],
                        wanted: Mapping[str, Tensor]) -> State:
    """Give weights of efficientnet_pytorch timm's names, each by its part.

    Args:
        state: Weights of ``_conv_stem``, ``_blocks.0._depthwise_conv`` ...
        wanted: Weights of timm's model.

    Reference:
        lukemelas/EfficientNet-PyTorch 1.0, efficientnet_pytorch/model.py;
        timm 1.0, models/_efficientnet_blocks.py.
    """
    blocks = list(dict.fromkeys(
        found[0] for found in map(
            re.compile(r'blocks\.\d+\.\d+').match, wanted) if found))
    renamed = {}
    for name, value in state.items():
        part, _, rest = name.partition('.')
        if part == '_blocks':
            number, part, kind = rest.split('.')
            names = (WIDENING if f'_blocks.{number}._expand_conv.weight'
                     in state else PLAIN)
            place = int(number)
            if place < len(blocks) and part in names:
                name = f'{blocks[place]}.{names[part]}.{kind}'
        elif part in OUTER:
            name = f'{OUTER[part]}.{rest}'
        renamed[name] = value
    return renamed


def rename_in_order(state: Mapping[str, Tensor],
                    wanted: Mapping[str, Tensor]) -> State:
    """Give weights the names of another implementation of the same layers.

    Both list them in the order in which they run.

    Raises:
        WeightsError: If there are more of one than of the other.
    """
    state, wanted = without_counters(state), without_counters(wanted)
    if len(state) != len(wanted):
        raise WeightsError(f'{len(state)} weights where {len(wanted)} are '
                           'expected')
    return dict(zip(wanted, state.values()))


def check_fit(state: Mapping[str, Tensor],
              wanted: Mapping[str, Tensor]) -> None:
    """Refuse weights that are not exactly those of a network.

    Raises:
        WeightsError: With names and shapes of what does not fit.
    """
    state, wanted = without_counters(state), without_counters(wanted)
    findings = {
        'missing': [name for name in wanted if name not in state],
        'of no use': [name for name in state if name not in wanted],
        'of another shape': [
            f'{name} {tuple(value.shape)}, expected '
            f'{tuple(wanted[name].shape)}'
            for name, value in state.items()
            if name in wanted and value.shape != wanted[name].shape],
    }
    if any(findings.values()):
        raise WeightsError(word_misfits(findings))


def word_misfits(findings: Mapping[str, list[str]]) -> str:
    """Name what does not fit, a few of each kind."""
    return '; '.join(
        f'{kind}: {", ".join(names[:NAMED])}'
        + (f' and {len(names) - NAMED} more' if len(names) > NAMED else '')
        for kind, names in findings.items() if names)


def check_finite(state: Mapping[str, Tensor]) -> None:
    """Refuse weights that are no numbers.

    Raises:
        WeightsError: With the names of tensors that hold NaN or Inf.
    """
    bad = [name for name, value in state.items()
           if value.is_floating_point() and not value.isfinite().all()]
    if bad:
        raise WeightsError(word_misfits({'NaN or Inf in': bad}))
