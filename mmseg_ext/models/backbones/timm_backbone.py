"""Any encoder of timm as a backbone, with its map at stride 2."""
import difflib
from collections.abc import Sequence
from typing import Optional

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_ext.basics.extras import require_extra

INNER = 'timm_model'  # as in mmseg's TIMMBackbone: checkpoints fit both


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """An encoder of timm, whose weights come through ``init_cfg``.

    ::

        image --> 1/2 --> 1/4 --> 1/8 --> 1/16 --> 1/32
                   |       |       |        |        |
                   +-------+-------+--------+--------+--> list of maps

    Why not mmseg's TIMMBackbone: its weights are timm's download or none,
    behind ``init_cfg``'s back; it downloads unless told not to; it does not
    say which maps there are; its maps of Swin are channels-last, which no
    head takes; and nothing in it can be frozen. Checkpoints fit both.

    Weights are named in ``init_cfg``: ``package://efficientnet_lite0``,
    ``timm://TAG``, ``micronet://NAME``, or a file of timm's. timm's own
    names are taken as they are, without a prefix.

    An image of one channel (``in_channels=1``) gets a first kernel that is
    the *sum* of the published one's channels: what the network then sees is
    exactly what it sees of the same grey image in three equal channels. (An
    average would be a third of it, which the norms after it were not trained
    on.) It is exact where mean and deviation are the same for all channels,
    as 127.5 are.

    Args:
        model_name: Of timm, such as 'tf_efficientnet_lite0' or 'resnet18'.
        out_indices: Which of the model's maps, in rising order; None: all.
            :func:`timm_maps` lists them. What lies behind the last one is
            not built.
        in_channels: Channels of the image.
        drop_path_rate: Of stochastic depth, for models that have it.
        frozen_stages: Keep all layers up to this map as they are, by its
            place among all of the model's maps; -1: none.
        norm_eval: Keep batch normalisation in evaluation mode in training.
        init_cfg: Initialisation; None: timm's own, random.
        **kwargs: Of the model, such as ``output_stride=16``.

    Attributes:
        channels: Of each map.
        strides: Of each map.

    Shape:
        - input: (B, in_channels, H, W); a convolutional model takes any
          size, of which it rounds up
        - output: a list of maps (B, channels[i], H / strides[i],
          W / strides[i])

    Raises:
        ImportError: If timm is missing.
        ValueError: If there is no such model, or it has no such maps.
    """

    def __init__(self,
                 model_name: str,
                 out_indices: Optional[Sequence[int]] = None,
                 in_channels: int = 3,
                 drop_path_rate: float = 0.0,
                 frozen_stages: int = -1,
                 norm_eval: bool = False,
                 init_cfg: Optional[dict | list[dict]] = None,
                 **kwargs) -> None:
        super().__init__(init_cfg)
        if drop_path_rate:
            kwargs['drop_path_rate'] = drop_path_rate
        if in_channels != 3:
            kwargs['in_chans'] = in_channels
        if out_indices is not None:
            kwargs['out_indices'] = tuple(out_indices)
        net = _create(model_name, **kwargs)
        _cut_behind(net)
        setattr(self, INNER, net)
        info = net.feature_info
        self.channels = tuple(info.channels())
        self.strides = tuple(info.reduction())
        self.norm_eval = norm_eval
        self._first = _first_convolutions(net)
        order = getattr(getattr(net, 'output_fmt', None), 'value', 'NCHW')
        self._channels_last = order == 'NHWC'
        self._frozen = _layers_up_to(model_name, net, frozen_stages)
        for layer in self._frozen:
            for parameter in layer.parameters(recurse=False):
                parameter.requires_grad = False

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = list(getattr(self, INNER)(x))
        if self._channels_last:  # (B, H, W, C) -> (B, C, H, W)
            maps = [x.permute(0, 3, 1, 2).contiguous() for x in maps]
        return maps

    def train(self, mode: bool = True) -> 'TimmBackbone':
        """Set the mode; what is frozen stays in evaluation."""
        super().train(mode)
        if mode:
            for layer in self._frozen:
                layer.training = False
            for layer in self.modules() if self.norm_eval else ():
                if isinstance(layer, _BatchNorm):
                    layer.eval()
        return self

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args,
                              **kwargs) -> None:
        """Take timm's own names, too."""
        wanted = getattr(self, INNER).state_dict()
        for key in [key for key in state_dict if key.startswith(prefix)]:
            place = _find_place(key[len(prefix):], wanted)
            if place is None:
                continue  # ours already, or of no use
            value = state_dict.pop(key)
            if place in self._first:
                value = _fit_channels(value, wanted[place])
            state_dict[f'{prefix}{INNER}.{place}'] = value
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def timm_maps(model_name: str,
              out_indices: Optional[Sequence[int]] = None,
              **kwargs) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what maps a model has, without making its weights.

    For the ``in_channels`` of a head, in a config or a plan.

    Args:
        model_name: See :class:`TimmBackbone`.
        out_indices: See :class:`TimmBackbone`.
        **kwargs: See :class:`TimmBackbone`.

    Returns:
        Channels and strides, finest first.

    Raises:
        ImportError: If timm is missing.
        ValueError: If there is no such model, or it has no such maps.
    """
    if out_indices is not None:
        kwargs['out_indices'] = tuple(out_indices)
    with torch.device('meta'):
        info = _create(model_name, **kwargs).feature_info
    return tuple(info.channels()), tuple(info.reduction())


def _create(model_name: str, **kwargs) -> nn.Module:
    require_extra('timm', 'encoders')
    import timm

    if 'conv_cfg' in kwargs:
        raise ValueError(
            f'conv_cfg={kwargs["conv_cfg"]!r}: the layers of {model_name} are '
            "timm's, and no conv_cfg replaces them. Set it for the head: "
            'model.decode_head.conv_cfg')
    if not timm.is_model(model_name):
        near = difflib.get_close_matches(model_name, timm.list_models(), n=3)
        raise ValueError(
            f'model_name={model_name!r}: timm {timm.__version__} has no such '
            'model' + (f'; names near it are {", ".join(near)}' if near else
                       '. timm.list_models() lists them'))
    wanted = kwargs.get('out_indices')
    if wanted is not None and (not wanted or any(
            not isinstance(i, int) or i < 0 for i in wanted)
            or list(wanted) != sorted(set(wanted))):
        raise ValueError(f'out_indices={wanted!r}: must be rising integers '
                         'from 0')
    try:
        return timm.create_model(
            model_name, pretrained=False, features_only=True, **kwargs)
    except (IndexError, AssertionError) as error:
        if wanted is None:
            raise
        del kwargs['out_indices']
        channels, _ = timm_maps(model_name, **kwargs)
        raise ValueError(
            f'out_indices={wanted!r}: the maps of {model_name} are 0 to '
            f'{len(channels) - 1}') from error


def _cut_behind(net: nn.Module) -> None:
    """Drop the blocks behind the last map, where timm runs them in vain.

    Its EfficientNets and MobileNets do; weights without a gradient stop a
    training in several processes.
    """
    info = net.feature_info
    name, _, place = info.info[info.out_indices[-1]]['module'].partition('.')
    if name == 'blocks' and isinstance(
            getattr(net, name, None), nn.Sequential):
        net.blocks = net.blocks[:int(place) + 1]


def _first_convolutions(net: nn.Module) -> set[str]:
    """Return the names of the weights that see the image."""
    names = net.pretrained_cfg.get('first_conv') or ()
    names = [names] if isinstance(names, str) else names
    wanted = net.state_dict()
    return {_find_place(f'{name}.weight', wanted) for name in names}


def _find_place(name: str, wanted: dict) -> Optional[str]:
    """Return the name in timm's wrapper of a weight of the whole model.

    Its wrappers put the first two parts of a name into one, or the model
    below another part.
    """
    for place in (name, name.replace('.', '_', 1), f'model.{name}',
                  f'body.{name}'):
        if place in wanted:
            return place
    return None


def _fit_channels(weight: Tensor, like: Tensor) -> Tensor:
    if weight.shape[1] == like.shape[1]:
        return weight
    from timm.models import adapt_input_conv

    return adapt_input_conv(like.shape[1], weight)


def _layers_up_to(model_name: str, net: nn.Module,
                  stage: int) -> list[nn.Module]:
    """Return the layers that a map needs, in the order of their making.

    In timm that is the order in which they run.
    """
    if stage < 0:
        return []
    info = net.feature_info.info
    if stage >= len(info):
        raise ValueError(f'frozen_stages={stage}: the maps of {model_name} '
                         f'are 0 to {len(info) - 1}')
    last = info[stage]['module']
    names = {last, last.replace('.', '_', 1), f'model.{last}'}
    layers, reached = [], False
    for name, layer in net.named_modules():
        inside = any(name == last or name.startswith(f'{last}.')
                     for last in names)
        if reached and not inside:
            break
        reached |= inside
        layers.append(layer)
    return layers
