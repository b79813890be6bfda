"""How many of a network's convolutions ``conv_cfg`` has replaced."""
from collections import Counter
from collections.abc import Mapping

from torch import nn

from .grouped import GroupedConv2d
from .separable import PairConv2d, SeparableConv2d

TYPES = (SeparableConv2d, GroupedConv2d)


def describe_replaced(network: nn.Module, config: Mapping) -> list[str]:
    """Say how many convolutions are of the types of this package.

    Those that no option reaches count, too: stems, 1 x 1 convolutions,
    classifiers.

    Args:
        network: Model or part of one.
        config: What it was built from; a type that it asks for is named
            also if it has replaced none.

    Returns:
        A sentence for each type: '12 of 23 convolutions are
        SeparableConv2d'.
    """
    total, found = 0, Counter()
    for layer in network.modules():
        if isinstance(layer, TYPES):
            found[type(layer)] += 1
        # the halves of a separable one are no layers of the network
        total += isinstance(layer, TYPES) or (
            isinstance(layer, nn.Conv2d) and not isinstance(layer, PairConv2d))
    wanted = _types(config)
    return [f'{found[kind]} of {total} convolutions are {kind.__name__}'
            for kind in TYPES if kind in found or kind.__name__ in wanted]


def _types(node) -> set:
    """Return the types of all ``conv_cfg`` in a config."""
    found = set()
    if isinstance(node, Mapping):
        conv = node.get('conv_cfg')
        if isinstance(conv, Mapping):
            found.add(conv.get('type'))
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for part in node:
            found |= _types(part)
    return found
