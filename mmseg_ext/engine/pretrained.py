"""Pretrained weights that a config asks for: find them, or do without."""
import os
import os.path as osp

from mmengine.config import Config
from mmengine.runner import checkpoint

from mmseg_ext.basics.sections import sections

from .pretrain_command import pretrain_command
from .weights import WeightsError, find_scheme, normalization_mismatches
from .weights.download import check_address


def _is_pretrained(node) -> bool:
    """Whether this is an initialiser that loads a file, in any spelling.

    Beside ``Pretrained`` mmengine takes a scope in front of it, the path of
    its class and the class itself, alone, in a list or as an ``override``.
    """
    if not isinstance(node, dict) or 'checkpoint' not in node:
        return False
    return _type_name(node).startswith('Pretrained')


def _type_name(section: dict) -> str:
    kind = section.get('type')
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
    return name.split('.')[-1]


def _own_weights(section: dict) -> list[str]:
    """Return the keys under which a module itself takes weights."""
    return [key for key in ('pretrained', 'checkpoint_path')
            if section.get(key)]


def pretrained_weights(model_cfg: dict) -> list[str]:
    """Return the files and addresses of weights that a model starts from."""
    found = []
    for section in sections(model_cfg):
        found += [section[key] for key in _own_weights(section)]
        if _is_pretrained(section):
            found.append(section['checkpoint'])
    return [os.fspath(weights) for weights in found
            if isinstance(weights, (str, os.PathLike))]


def remove_pretrained(cfg: Config) -> None:
    """Let the model start from random weights instead of pretrained ones."""
    for section in sections(cfg.model):
        for key in _own_weights(section):
            section[key] = '' if key == 'checkpoint_path' else None
        if _type_name(section) == 'TIMMBackbone':
            section['pretrained'] = False  # its default is True
        for key, value in list(section.items()):
            if _is_pretrained(value) and key == 'override':
                del section[key]
            elif _is_pretrained(value):
                # The module then initialises itself, as without pretraining.
                section[key] = None
            elif isinstance(value, (list, tuple)) and any(
                    map(_is_pretrained, value)):
                section[key] = [one for one in value
                                if not _is_pretrained(one)] or None


def _address(weights: str) -> str:
    """Return the address that a name such as open-mmlab://... stands for."""
    scheme, _, name = weights.partition('://')
    if scheme in ('open-mmlab', 'openmmlab'):
        name = checkpoint.get_deprecated_model_names().get(name, name)
        return checkpoint.get_external_models().get(name, weights)
    if scheme in ('torchvision', 'modelzoo'):
        return checkpoint.get_torchvision_models().get(name, weights)
    return weights


def check_weights(cfg: Config) -> None:
    """Fail now, not after the data are read, if weights cannot be had.

    Raises:
        ConnectionError: If weights are neither on this computer nor within
            reach of the network.
        FileNotFoundError: If a file of weights does not exist.
        ImportError: If the package that brings weights is missing.
        WeightsError: If no weights have the name.
    """
    advice = ('Train from random weights with --from-scratch, or give a '
              'file: --cfg-options model.backbone.init_cfg.checkpoint='
              'FILE, or model.pretrained=FILE where the config has that')
    planned = cfg.get('pretraining') or {}
    for weights in pretrained_weights(cfg.model):
        _check(weights, f'pretrained weights {weights}', advice
               if weights != planned.get('out') else
               'Make them first:\n  '
               f'{pretrain_command(cfg.filename, planned)}\n'
               'Or train from random weights with --from-scratch')
    start = cfg.get('load_from')
    if start:
        _check(start, f'weights {start}, which load_from of the config names,',
               'Train without them with --from-scratch, or give a file: '
               '--cfg-options load_from=FILE')


def _check(weights: str, what: str, advice: str) -> None:
    if '://' not in weights:
        if not osp.isfile(osp.expanduser(weights)):
            raise FileNotFoundError(f'The {what} do not exist. {advice}')
        return
    scheme, name = find_scheme(weights)
    if scheme is not None:
        try:
            scheme.check(name)
        except (WeightsError, ConnectionError, ImportError) as error:
            raise type(error)(f'{error}. {advice}') from error
        return
    address = _address(weights)
    if address.startswith('http'):
        check_address(address, what, advice)


def unexpected_images(cfg: Config) -> list[str]:
    """Say for which pretrained weights images are normalised otherwise.

    Returns:
        A sentence for each of the weights, none if all is as they know it.
    """
    model = cfg.get('model') or {}
    return normalization_mismatches(
        pretrained_weights(model),
        model.get('data_preprocessor') or cfg.get('data_preprocessor'))
