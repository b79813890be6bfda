"""Options of a command line against the config that they change."""
import difflib
import inspect
import re
from collections.abc import Collection, Mapping
from typing import Any, Optional

import mmseg.registry
from mmengine.config import Config
from mmengine.registry import DefaultScope, Registry
from mmengine.runner import Runner

from mmseg_ext.basics.arguments import arguments_of

# How alike a slip and what is meant are, and the words in them: one letter
# of four may be another.
NEAR = 0.8
NEAR_WORD = 0.75


def check_options(cfg: Config | Mapping, options: Mapping[str, Any]) -> None:
    """Refuse a new key that is most likely an old one, misspelt.

    A key is new where the config has none of its name, at any depth; a slip
    is near one of those beside it, and no argument of the class that they
    belong to.

    Args:
        cfg: The config.
        options: ``{'a.b': value}``, as of ``--cfg-options``.

    Raises:
        ValueError: With the key that is near.
    """
    for option in options:
        node, place = {name: cfg[name] for name in cfg}, ''
        for key in option.split('.'):
            if isinstance(node, (list, tuple)) and key.isdigit():
                node = node[int(key)] if int(key) < len(node) else None
            elif isinstance(node, Mapping):
                if key not in node:
                    _check_new(key, node, place)
                node = node.get(key)
            else:
                break
            place += f'{key}.'


def open_sections(cfg: Config, options: Mapping[str, Any]) -> None:
    """Make a section of what is None where an option gives it a type.

    Else ``model.backbone.conv_cfg.type=...`` would be an error in a config
    that says ``conv_cfg=None``, and none in one that leaves it away.

    Args:
        cfg: The config, changed in place.
        options: ``{'a.b': value}``, as of ``--cfg-options``.
    """
    for option in options:
        *path, last = option.split('.')
        if last != 'type' or not path:
            continue
        node: Any = cfg
        for key in path[:-1]:
            try:
                node = node[int(key) if isinstance(node, list) else key]
            except (IndexError, KeyError, TypeError, ValueError):
                break  # mmengine says what is wrong
        else:
            if isinstance(node, (Config, dict)) and path[-1] in node and (
                    node[path[-1]] is None):
                node[path[-1]] = {}


def _check_new(key: str, beside: Mapping, place: str) -> None:
    known = {str(other) for other in beside}
    if not place:
        known |= {*inspect.signature(Runner.__init__).parameters}
        if key in known:
            return
    near = _nearest(key, known)
    if near is None or key in _arguments(beside.get('type')):
        return
    raise ValueError(f'--cfg-options: there is no {place}{key} in the '
                     f'config. Did you mean {place}{near}?')


def _nearest(key: str, others: Collection[str]) -> Optional[str]:
    """Return the name of which another is a slip, if there is one.

    Where whole words differ, as in channels and in_channels, or numbers, it
    is a name of its own.
    """
    for other in difflib.get_close_matches(key, others, cutoff=NEAR):
        words, wanted = key.split('_'), other.split('_')
        if ''.join(words) == ''.join(wanted) or (
                len(words) == len(wanted)
                and all(map(_is_slip, words, wanted))):
            return other
    return None


def _is_slip(word: str, wanted: str) -> bool:
    if re.sub(r'\d', '', word) == re.sub(r'\d', '', wanted):
        return word == wanted  # else another number
    alike = difflib.SequenceMatcher(None, word, wanted).ratio()
    return alike >= NEAR_WORD


def find_class(kind: Any) -> Optional[Any]:
    """Return the class of a section's type, None if it is unknown."""
    if isinstance(kind, str):
        with DefaultScope.overwrite_default_scope('mmseg'):
            kind = next(filter(None, (
                registry.get(kind) for registry in
                vars(mmseg.registry).values()
                if isinstance(registry, Registry))), None)
    return kind if callable(kind) else None


def _arguments(kind: Any) -> list[str]:
    """Return what the class of a section takes, nothing if it is unknown."""
    made = find_class(kind)
    return [] if made is None else arguments_of(made)
