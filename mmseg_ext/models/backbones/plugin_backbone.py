"""Insert plugin layers into any backbone, by the names of its modules."""
import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Optional

from mmengine.logging import print_log
from mmengine.model import BaseModule, ModuleDict
from mmseg.registry import MODELS
from torch import Tensor, nn

HOLDER = 'plugin_layers'


class _RunPlugin:
    """Forward hook that passes a module's output through a layer.

    An object, not a closure: a copied or unpickled backbone takes its hooks
    and its layers with it, and each copied hook runs the copied layer.
    """

    def __init__(self, name: str, channels: int, layer: nn.Module) -> None:
        self.name = name
        self.channels = channels
        self.layer = layer

    def __call__(self, module: nn.Module, args: tuple,
                 output: Tensor) -> Tensor:
        if not isinstance(output, Tensor) or output.ndim != 4:
            found = (
                f'a tensor of shape {tuple(output.shape)}' if isinstance(
                    output, Tensor) else f'a {type(output).__name__}')
            raise ValueError(
                f'{self.name!r} returned {found}: a plugin layer needs a map '
                '(B, C, H, W); match a module that returns one')
        if output.shape[1] != self.channels:
            raise ValueError(
                f'{self.name!r} returned {output.shape[1]} channels, and the '
                f'plugin layer after it was built for {self.channels}: match '
                'a convolution or norm inside it, or set in_channels in '
                'plugin=dict(...)')
        return self.layer(output)


class PluginLayers(ModuleDict):
    """The inserted layers, keyed by the module's name with '-' for '.'.

    Attributes:
        hooks: What runs after each module, by its name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hooks: dict[str, _RunPlugin] = {}

    def insert(self, name: str, channels: int, layer: nn.Module) -> None:
        """Add the layer that runs after a module of so many channels."""
        # '.' is not allowed in a name, and '-' not in an attribute's
        self[name.replace('.', '-')] = layer
        self.hooks[name] = _RunPlugin(name, channels, layer)

    def init_weights(self) -> None:
        """Start all layers, again if they have been."""
        self.is_init = True
        for layer in self.values():
            if isinstance(layer, BaseModule):
                layer.is_init = False  # or a second call would do nothing
            for method in ('init_weights', 'reset_parameters'):
                if hasattr(layer, method):
                    getattr(layer, method)()
                    break


def _attach_plugins(net: nn.Module, args: tuple = ()) -> None:
    """Hook the layers onto their modules, where they are not yet.

    Conversions replace modules and drop their hooks: SyncBN to BN on a CPU
    (mmseg's init_model does it), BN to SyncBN, fusing of BN. Hence this is
    itself a hook, before every forward of the backbone.
    """
    for name, hook in net.plugin_layers.hooks.items():
        module = net.get_submodule(name)
        if all(hook is not x for x in module._forward_hooks.values()):
            module.register_forward_hook(hook)


def _init_weights(net: nn.Module) -> None:
    """Initialise a backbone, and then its plugin layers."""
    type(net).init_weights(net)
    # mmengine's BaseModule starts its children last, these too. A backbone
    # that loops over all convolutions itself, such as MixVisionTransformer,
    # overwrites them; one that loads a checkpoint itself does not, and they
    # have what it loaded.
    if not net.plugin_layers.is_init and not _pretrained(net.init_cfg):
        net.plugin_layers.init_weights()


def _pretrained(init_cfg) -> bool:
    cfgs = init_cfg if isinstance(init_cfg, list) else [init_cfg or {}]
    return any('Pretrained' in str(cfg.get('type')) for cfg in cfgs)


@MODELS.register_module('PluginBackbone')
def plugin_backbone(backbone: dict,
                    plugin: dict,
                    after: Sequence[str],
                    pretrained: Optional[str] = None) -> nn.Module:
    """Build any backbone and insert a plugin layer after some of its modules.

    In a config::

        backbone=dict(
            type='PluginBackbone',
            backbone=dict(type='ResNetV1c', depth=18),
            plugin=dict(type='DeformablePSA'),
            after=['layer[34].*.bn1'])

    The result is the backbone itself, its parameters under their own names,
    and one more child, ``plugin_layers``. So a checkpoint of the plain
    backbone, or of a segmentor with it, loads, and lacks the plugin layers'
    weights only. ``paramwise_cfg`` reaches them by the key
    'plugin_layers'. ``frozen_stages`` does not freeze them.

    A layer runs directly after the module that was named, in a forward
    hook. mmseg's own ``position='after_conv2'`` is after norm and ReLU; a
    ReLU that a block calls several times cannot be matched. Name the norm
    or a whole block ('layer3.*'). In a block of two convolutions 'bn1' is
    the better place: 'bn2' starts as 0 where nothing is pretrained
    (``zero_init_residual``), and the layer then sees nothing to learn from.
    A layer between a convolution and its norm forbids fusing the two.

    Useful patterns: ResNet-18/34 'layer[34].*.bn1'; HRNet
    'stage[34].*.branches.*.*.bn1'; UNet 'encoder.*.*.convs.1'; BiSeNetV1
    'context_path.backbone.layer[34].*.bn1'; MixVisionTransformer
    'layers.*.0.projection'.

    For a second kind of layer, wrap the result once more.

    Args:
        backbone: Config of the backbone.
        plugin: Config of the layer, without ``in_channels`` where the
            matched module says how many channels it returns.
        after: Patterns of module names, as ``named_modules`` lists them. *,
            ? and [...] match inside one part of the name, never across a
            dot: 'layer3.*.conv2' is the second convolution of each block
            and not of the blocks' downsampling. A module that several
            patterns match gets one layer.
        pretrained: Checkpoint of the plain backbone, handed on to it;
            EncoderDecoder sets it from its own ``pretrained``.

    Raises:
        ValueError: If a pattern matches no module, or a matched module
            does not say its channels, is never called, or has a layer.
    """
    if pretrained is not None:
        if backbone.get('pretrained') is not None:
            raise ValueError('pretrained is set for PluginBackbone '
                             f"({pretrained!r}) and for its backbone "
                             f"({backbone['pretrained']!r}): set one")
        backbone = dict(backbone, pretrained=pretrained)
    net = MODELS.build(backbone)
    names = _match(net, after)
    if not isinstance(getattr(net, HOLDER, None), PluginLayers):
        net.add_module(HOLDER, PluginLayers())
        net.register_forward_pre_hook(_attach_plugins)
        # Not a method of a subclass: the result is of the backbone's own
        # class. Not a closure: a copied backbone initialises itself.
        net.init_weights = partial(_init_weights, net)
    for name in names:
        if name in net.plugin_layers.hooks:
            raise ValueError(f'{name!r} has a plugin layer already')
        channels = _find_channels(net, name, plugin)
        layer = MODELS.build(dict(plugin, in_channels=channels))
        net.plugin_layers.insert(name, channels, layer)
        print_log(
            f'PluginBackbone: {type(layer).__name__} of {channels} channels '
            f'after {name}',
            logger='current')
    _attach_plugins(net)
    return net


def _match(net: nn.Module, patterns: Sequence[str]) -> list[str]:
    """Return the names that the patterns match, in the network's order."""
    if (isinstance(patterns, str) or not patterns
            or not all(isinstance(pattern, str) for pattern in patterns)):
        raise ValueError(f'after={patterns!r}: must be a list of patterns, '
                         "such as ['layer3.*.conv2']")
    names = [
        name for name, _ in net.named_modules()
        if name and name.split('.')[0] != HOLDER
    ]
    matched = set()
    for pattern in patterns:
        hits = [name for name in names if matches(name, pattern)]
        if not hits:
            near = difflib.get_close_matches(pattern, names, 5, cutoff=0.4)
            raise ValueError(
                f'after: {pattern!r} matches no module of '
                f'{type(net).__name__} (* does not cross a dot); near names: '
                f"{', '.join(near or names[:5])}")
        matched.update(hits)
    return [name for name in names if name in matched]


def matches(name: str, pattern: str) -> bool:
    """Tell whether a pattern matches a dotted name, part by part."""
    parts, wanted = name.split('.'), pattern.split('.')
    return len(parts) == len(wanted) and all(
        fnmatchcase(part, want) for part, want in zip(parts, wanted))


def _find_channels(net: nn.Module, name: str, plugin: dict) -> int:
    """Return how many channels a plugin layer after a module is given."""
    module = net.get_submodule(name)
    if type(module).forward is nn.Module.forward:
        raise ValueError(f'after: {name!r} is a {type(module).__name__}, '
                         'which is never called: match what it holds, '
                         f'{name}.*')
    channels = plugin.get('in_channels', _output_channels(module))
    if channels is None:
        raise ValueError(
            f'after: {name!r} is a {type(module).__name__}, which does not '
            'say how many channels it returns: match a convolution or norm, '
            'or set in_channels in plugin=dict(...)')
    return channels


def _output_channels(module: nn.Module) -> Optional[int]:
    # convolutions and ConvModule; BatchNorm; GroupNorm
    for attribute in ('out_channels', 'num_features', 'num_channels'):
        channels = getattr(module, attribute, None)
        if isinstance(channels, int):
            return channels
    # A guess, which the hook checks: the last child makes the output.
    for child in reversed(list(module.children())):
        channels = _output_channels(child)
        if channels is not None:
            return channels
    return None
