"""Write a config as what differs from another."""
import os
from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config

from mmseg_ext.basics import write_atomically

from .space import plain


def difference(base: Mapping, wanted: Mapping) -> dict:
    """Return what has to be merged into a base to get what is wanted.

    Lists are replaced as a whole. A dict that loses a key is, too.

    Args:
        base: Plain dict of a config.
        wanted: The same.
    """
    found = {}
    for key, value in wanted.items():
        if key in base and _same(base[key], value):
            continue
        before = base.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if {*before} - {*value}:
                found[key] = dict(value, _delete_=True)
            else:
                found[key] = difference(before, value)
        else:
            found[key] = value
    return found


def _same(one, other) -> bool:
    return repr(plain(one)) == repr(plain(other))


def write_delta(path: Path, base: str, wanted: Config,
                comment: list[str]) -> None:
    """Write a config that inherits from a file.

    Args:
        path: To write to.
        base: Of the file, seen from anywhere.
        wanted: What the config is to hold.
        comment: Its first lines.
    """
    changes = difference(Config.fromfile(base).to_dict(), wanted.to_dict())
    root = os.path.relpath(base, path.parent.resolve()).replace(os.sep, '/')
    text = '\n'.join([
        *(f'# {line}' for line in comment), f'_base_ = {root!r}', '',
        Config(changes).pretty_text if changes else ''])
    write_atomically(path, text.rstrip() + '\n')
