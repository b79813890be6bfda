"""Load checkpoints as data, never as programs.

A pickle can run anything. torch >= 2.6 refuses one that asks for more than
tensors and plain values, but refuses mmengine's own training checkpoints
with it; torch < 2.6, and torch.hub's downloads on every version, run the
file. Here each checkpoint that mmengine loads is read with
``weights_only=True`` and a short list of harmless types; a file that asks
for anything else is refused unless the user names it as trusted.

Upstream: open-mmlab/mmengine#1655, pull request #1650, both open.
Applies to every torch: the check is for safety, not for compatibility alone.
"""
import os
import pickle
import re
import threading
from contextlib import contextmanager
from unittest import mock

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

TRUST_VARIABLE = 'MMSEG_EXT_TRUST_CHECKPOINT'
_LOCK = threading.RLock()


class UntrustedCheckpointError(RuntimeError):
    """A checkpoint asks to run code, and nobody has said to trust it."""


def history_buffer_method(owner, name: str):
    """Stand for ``getattr`` in a pickled HistoryBuffer, and for that alone.

    Raises:
        UnpicklingError: If anything but one of its statistics is asked for.
    """
    if owner is HistoryBuffer and name in ('min', 'max', 'mean', 'current'):
        return getattr(owner, name)
    raise pickle.UnpicklingError(
        f'Unsupported global: builtins.getattr({owner!r}, {name!r})')


def _at_path(function, path: str):
    """Wrap ``function`` so that the unpickler finds it under ``path``."""

    def alias(*args):
        return function(*args)

    # torch builds the name to allow from these two or three, by version.
    alias.__module__, alias.__name__ = path.rsplit('.', 1)
    alias.__qualname__ = alias.__name__
    return alias


def harmless_globals() -> list:
    """Return what mmengine's training checkpoints need beyond tensors."""
    # Built through protocol 2, where numpy calls these two by name.
    array, scalar = np.empty(0).__reduce__()[0], np.float64(0).__reduce__()[0]
    dtypes = {type(np.dtype(code)) for code in '?bBhHiIlLqQefd'}
    return [
        HistoryBuffer, np.ndarray, np.dtype, *dtypes,
        _at_path(history_buffer_method, 'builtins.getattr'),
        _at_path(lambda text, coding: text.encode(coding), '_codecs.encode'),
        # numpy 2 moved the module; files of both generations exist.
        *(_at_path(function, f'numpy.{core}.multiarray.{name}')
          for core in ('core', '_core')
          for name, function in (('_reconstruct', array), ('scalar', scalar)))
    ]


def _is_trusted(filename: str) -> bool:
    trusted = os.environ.get(TRUST_VARIABLE, '').split(os.pathsep)
    return os.path.abspath(filename) in map(os.path.abspath,
                                            filter(None, trusted))


def _reason(error: Exception) -> str:
    """Return torch's finding without the advice around it."""
    text = str(error)
    found = re.search(r'unsupported .+?(?= was |\.?$)', text, re.I | re.M)
    return found.group() if found else text.split('\n')[0]


@contextmanager
def _torch_load(weights_only: bool):
    """Decide ``weights_only`` for each torch.load inside the block."""
    original = torch.load

    def load(*args, **kwargs):
        return original(*args, **dict(kwargs, weights_only=weights_only))

    # One place instead of mmengine's seven loaders, of which torch.hub's
    # asks for weights_only=False by itself.
    with _LOCK, mock.patch.object(torch, 'load', load):
        yield


def apply() -> None:
    """Make mmengine's CheckpointLoader refuse files that want to run code."""
    torch.serialization.add_safe_globals(harmless_globals())
    read = CheckpointLoader.load_checkpoint.__func__

    def load_checkpoint(cls, filename, map_location=None, logger='current'):
        filename = os.fspath(filename)
        try:
            with _torch_load(weights_only=not _is_trusted(filename)):
                return read(cls, filename, map_location, logger)
        except pickle.UnpicklingError as error:
            raise UntrustedCheckpointError(
                f'Refused to load {filename}: it is no checkpoint of tensors '
                'and plain values alone, and loading it in full could run '
                'any program on this computer. Nothing in it has been run. '
                'If you made the file, or trust whoever did, name it: '
                f'{TRUST_VARIABLE}={filename}\n({_reason(error)})') from error
        except (RuntimeError, LookupError, EOFError, ValueError) as error:
            raise RuntimeError(
                f'Could not read {filename} as a checkpoint; is it complete? '
                f'({type(error).__name__}: {error})') from error

    CheckpointLoader.load_checkpoint = classmethod(load_checkpoint)
