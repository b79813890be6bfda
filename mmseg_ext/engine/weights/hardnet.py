"""HarDNet's published weights under this package's names, and back."""
import re
from collections.abc import Mapping
from typing import Optional

from .scheme import State, WeightsError, without_counters

STEM = 4  # convolutions of FC-HarDNet's
LAYER = re.compile(r'(?:base\.)?\d+\.layers\.\d+\.(?:layer1\.)?conv\.weight')
HEAD = {'conv1x1_up': 'reductions', 'denseBlocksUp': 'blocks',
        'finalConv': 'conv_seg'}


def find_published(content: Mapping) -> Optional[State]:
    """Return HarDNet's published weights, None if it is something else.

    Args:
        content: Of a checkpoint: weights, or a dict that holds them as
            ``state_dict`` or, as the authors' training does,
            ``model_state``.
    """
    for key in ('model_state', 'state_dict'):
        if isinstance(content.get(key), Mapping):
            content = content[key]
            break
    state = {name.removeprefix('module.'): value
             for name, value in content.items() if isinstance(name, str)}
    return without_counters(state) if any(
        map(LAYER.fullmatch, state)) else None


def convert_fchardnet(state: Mapping) -> State:
    """Give published weights the names that they have here.

    ``base.N`` are the encoder's layers, all in one row, with or without
    parameters; which of them a layer is follows from what it holds. The
    weights of HarDNet39DS, 68 and 85 are taken too, and those of the encoder
    alone, without ``base``.

    Args:
        state: As published: ``base.0.conv.weight``,
            ``base.4.layers.0.conv.weight``, ``conv1x1_up.0.conv.weight``,
            ``denseBlocksUp.0.layers.0.conv.weight``, ``finalConv.weight``.

    Returns:
        The weights of a segmentor, ``backbone.stem.0.conv.weight`` ...
        ``decode_head.conv_seg.bias``. An ImageNet classifier's are under
        ``classifier``.

    Raises:
        WeightsError: If a name is not of these.

    Reference:
        PingoLH/FCHarDNet, ptsemseg/models/hardnet.py; PingoLH/Pytorch-HarDNet,
        hardnet.py.
    """
    places = _places(state)
    renamed = {}
    for name, value in state.items():
        part, _, rest = name.removeprefix('base.').partition('.')
        if part.isdigit():
            place = f'backbone.{places[int(part)]}'
            if 'classifier' in place:
                place, rest = 'classifier', rest.split('.')[-1]
        elif part in HEAD:
            place = f'decode_head.{HEAD[part]}'
        else:
            raise WeightsError(f'{name} is no weight of a published HarDNet')
        rest = re.sub(r'\blayer([12])\.',
                      lambda found: f'{int(found[1]) - 1}.', rest)
        rest = re.sub(r'\bdwconv\b', 'conv', rest)
        rest = re.sub(r'\bnorm\b', 'bn', rest)
        renamed[f'{place}.{rest}'] = value
    return renamed


def _places(state: Mapping) -> dict[int, str]:
    """Return which layer here each number of ``base`` is."""
    held: dict[int, set[str]] = {}
    for name in state:
        part, _, rest = name.removeprefix('base.').partition('.')
        if part.isdigit():
            held.setdefault(int(part), set()).add(rest.split('.')[0])
    places, stem, block = {}, 0, -1
    for number, parts in sorted(held.items()):
        if 'layers' in parts:
            block += 1
            places[number] = f'blocks.{block}'
        elif not parts & {'conv', 'dwconv'}:
            places[number] = 'classifier'
        elif block < 0:
            places[number] = f'stem.{stem}'
            stem += 1
        elif 'conv' in parts:
            places[number] = f'transitions.{block}'
        else:
            places[number] = f'downs.{block}'
    return places


def to_fchardnet(state: Mapping) -> State:
    """Give weights of FC-HarDNet-70 the names that the authors gave them.

    Args:
        state: Weights of a segmentor with HarDNet('70-seg') and
            FCHarDNetHead, of any width.

    Raises:
        WeightsError: If a weight is not of these two.
    """
    theirs = {ours: name for name, ours in HEAD.items()}
    renamed = {}
    for name, value in state.items():
        side, part, *rest = name.split('.')
        if side == 'backbone' and part == 'stem' and int(rest[0]) < STEM:
            place = f'base.{rest.pop(0)}'
        elif side == 'backbone' and part in ('blocks', 'transitions'):
            # a block, a 1x1 convolution and a pool each
            number = STEM + 3 * int(rest.pop(0)) + (part == 'transitions')
            place = f'base.{number}'
        elif side == 'decode_head' and part in theirs:
            place = theirs[part]
        else:
            raise WeightsError(f'{name} is no weight of FC-HarDNet-70')
        rest = ['norm' if one == 'bn' else one for one in rest]
        renamed['.'.join([place, *rest])] = value
    return renamed
