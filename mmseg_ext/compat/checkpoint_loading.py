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
import struct
import threading
from contextlib import contextmanager
from unittest import mock

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

TRUST_VARIABLE = 'MMSEG_EXT_TRUST_CHECKPOINT'
_LOCK = threading.RLock()
# What torch's readers were seen to raise on cut and altered files.
_DAMAGED = (RuntimeError, LookupError, EOFError, ValueError, TypeError,
            AttributeError, AssertionError, OverflowError, MemoryError,
            OSError, struct.error)


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


class PlainDtype:
    """Stand for a pickled ``numpy.dtype`` of plain numbers.

    numpy's own takes its fields and flags from the file, unchecked: a forged
    one turns numbers into object pointers, and the interpreter follows them.

    Raises:
        UnpicklingError: If the file asks for more than a number type and its
            byte order.
    """

    def __init__(self, code: str, *_) -> None:
        self.value = np.dtype(code)
        if self.value.kind not in 'biufc':
            raise pickle.UnpicklingError(f'Unsupported numpy dtype: {code!r}')

    def __setstate__(self, state: tuple) -> None:
        _version, order, *rest = state
        if rest != [None, None, None, -1, -1, 0]:
            raise pickle.UnpicklingError(f'Unsupported numpy dtype: {state}')
        self.value = self.value.newbyteorder(order)


class PlainArray(np.ndarray):
    """An array whose pickled form may hold plain numbers only."""

    def __new__(cls, *_):
        # All that a file may choose comes with the state, and is checked.
        return super().__new__(cls, 0)

    def __setstate__(self, state: tuple) -> None:
        version, shape, dtype, is_fortran, data = state
        super().__setstate__(
            (version, shape, _plain(dtype), is_fortran, data))

    def __reduce_ex__(self, protocol: int):
        # Saved again, it is numpy's array: no file asks for this class.
        return np.asarray(self).__reduce_ex__(protocol)


def _plain(dtype) -> np.dtype:
    if not isinstance(dtype, PlainDtype):
        raise pickle.UnpicklingError(f'Unsupported numpy dtype: {dtype!r}')
    return dtype.value


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
    # Built through protocol 2, where numpy calls this one by name.
    scalar = np.float64(0).__reduce__()[0]
    aliases = {
        'builtins.getattr': history_buffer_method,
        'builtins.bytes': lambda: b'',  # the data of an empty array
        '_codecs.encode': lambda text, coding: text.encode(coding),
        'numpy.dtype': PlainDtype,
        'numpy.ndarray': PlainArray,
    }
    # numpy 2 moved the module; files of both generations exist.
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray'):
        aliases[f'{module}._reconstruct'] = PlainArray
        aliases[f'{module}.scalar'] = (
            lambda dtype, data: scalar(_plain(dtype), data))
    return [
        HistoryBuffer, PlainDtype, PlainArray,
        *(_at_path(function, path) for path, function in aliases.items())
    ]


def _path(item) -> str:
    """Return the name under which torch allows a global."""
    if isinstance(item, tuple):  # (object, name), torch >= 2.6
        return item[1]
    return f'{item.__module__}.{item.__qualname__}'


@contextmanager
def _harmless_globals_allowed():
    """Allow the harmless types inside the block, beside the user's own.

    Only inside: for one name torch takes either of two, so a stand-in must
    not meet the real numpy types that another library allows for itself.
    """
    before = torch.serialization.get_safe_globals()
    harmless = harmless_globals()
    taken = {_path(item) for item in harmless}
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(
        harmless + [item for item in before if _path(item) not in taken])
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)


def _is_trusted(filename: str) -> bool:
    trusted = os.environ.get(TRUST_VARIABLE, '')
    if filename == trusted:  # a URL holds os.pathsep itself
        return True
    path = os.path.abspath(os.path.expanduser(filename))
    return any(path == os.path.abspath(os.path.expanduser(name))
               for name in trusted.split(os.pathsep) if name)


def _reason(error: Exception) -> str:
    """Return torch's finding without the advice around it."""
    text = str(error).split('WeightsUnpickler error:')[-1].strip()
    found = re.search(r'unsupported .+?(?= was |\.?$)', text, re.I | re.M)
    return found.group() if found else text.split('\n')[0]


@contextmanager
def _torch_load(weights_only: bool):
    """Decide ``weights_only`` for each torch.load inside the block."""
    # One place instead of mmengine's seven loaders, of which torch.hub's
    # asks for weights_only=False by itself. The original is read under the
    # lock: another thread's decision must not stand in for this one.
    with _LOCK, _harmless_globals_allowed():
        original = torch.load

        def load(*args, **kwargs):
            return original(*args, **dict(kwargs, weights_only=weights_only))

        with mock.patch.object(torch, 'load', load):
            yield


def apply() -> None:
    """Make mmengine's CheckpointLoader refuse files that want to run code."""
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
        except _DAMAGED as error:
            if isinstance(error, OSError) and type(error) is not OSError:
                raise  # not found, not permitted, no network: it says so
            raise RuntimeError(
                f'Could not read {filename} as a checkpoint; is it complete? '
                f'({type(error).__name__}: {error})') from error

    CheckpointLoader.load_checkpoint = classmethod(load_checkpoint)
