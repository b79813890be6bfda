"""Load checkpoints as data, never as programs.

A pickle can run anything. torch >= 2.6 refuses one that asks for more than
tensors and plain values, but refuses mmengine's own training checkpoints
with it; torch < 2.6, and torch.hub's downloads on every version, run the
file. Here each checkpoint that mmengine loads is read with
``weights_only=True`` and the short list of ``_harmless_globals``; a file that
asks for anything else is refused unless the user names it as trusted. What
other threads load at the same time, and what is loaded without mmengine, is
none of its business.

Upstream: open-mmlab/mmengine#1655, pull request #1650, both open;
onedl-mmengine 0.10.12 falls back on loading in full, with a warning.
Applies to every torch: the check is for safety, not for compatibility alone.
"""
import errno
import functools
import os
import pickle
import re
import struct
import threading
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import Optional

import torch

from ._errors import UntrustedCheckpointError
from ._harmless_globals import allow_harmless_globals

COPIES = 2  # of a file that is being loaded, in memory
TRUST_VARIABLE = 'MMSEG_EXT_TRUST_CHECKPOINT'


class _Thread(threading.local):
    """What is decided for torch.load in this thread; None: nothing."""
    weights_only: Optional[bool] = None


_THREAD = _Thread()
# What torch's readers were seen to raise on cut and altered files.
_DAMAGED = (RuntimeError, LookupError, EOFError, ValueError, TypeError,
            AttributeError, AssertionError, OverflowError, MemoryError,
            OSError, struct.error)


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
    """Decide ``weights_only`` for this thread's torch.load in the block."""
    _THREAD.weights_only = weights_only
    try:
        yield
    finally:
        _THREAD.weights_only = None


def _patch_torch_load() -> None:
    """Let torch.load ask what is decided for its thread, if anything is."""
    # One place instead of mmengine's seven loaders, of which torch.hub's
    # asks for weights_only=False by itself.
    original = torch.load

    @functools.wraps(original)
    def load(*args, **kwargs):
        decided = _THREAD.weights_only
        if decided is None:
            return original(*args, **kwargs)
        # Who asks for data alone gets no more, trusted or not.
        data_alone = decided or kwargs.get('weights_only') is True
        # What a trusted file itself may load is not decided here.
        _THREAD.weights_only = None
        try:
            with allow_harmless_globals() if data_alone else nullcontext():
                return original(
                    *args, **dict(kwargs, weights_only=data_alone))
        finally:
            _THREAD.weights_only = decided

    torch.load = load


def _check_content(filename: str) -> None:
    """Raise what a file is that is no checkpoint, if that is known.

    Raises:
        RuntimeError: Which says what to do.
    """
    from mmseg_ext.basics.stand_ins import describe_stand_in

    try:
        with open(filename, 'rb') as file:
            known = describe_stand_in(file.read(4096))
    except OSError:  # an address
        return
    if known:
        raise RuntimeError(f'Could not read {filename} as a checkpoint: '
                           f'{known}')


def _check_machine(error: Exception, filename: str) -> None:
    """Raise what is no fault of a file: a disk that is full, and the like.

    Raises:
        MemoryError: If the file is as large as the memory that is available;
            an altered one asks for more than it holds.
        OSError: If a file or disk cannot be read or written.
    """
    from mmseg_ext.basics.available_memory import available_memory
    from mmseg_ext.basics.errors import is_out_of_memory

    if isinstance(error, OSError):
        if type(error) is not OSError:
            raise error  # not found, not permitted, no network: it says so
        # the second: torch looks for a place before the begin of the file
        if error.errno not in (None, errno.EINVAL):
            raise OSError(error.errno, f'{error.strerror}, while loading '
                          f'{filename}') from error
    if is_out_of_memory(error):
        try:
            size = os.path.getsize(filename)
        except OSError:  # an address
            size = float('inf')
        if size > available_memory() / COPIES:
            raise MemoryError(
                f'{filename} needs more than is available'
                + (f': it has {size / 2**30:.2g} GiB' if size < float('inf')
                   else '')) from error


def _load_at_once(file, map_location=None, weights_only=None) -> dict:
    """Load a file by torch's own rules, or as this thread decides."""
    known = {} if weights_only is None else dict(weights_only=weights_only)
    return torch.load(file, map_location=map_location, **known)


def patch_loader(checkpoint: ModuleType) -> None:
    """Make mmengine's CheckpointLoader refuse files that want to run code."""
    _patch_torch_load()
    # OneDL's mmengine allows getattr to files, in all threads, and tries what
    # torch refuses once more in full.
    if hasattr(checkpoint, 'get_torch_safe_globals'):
        checkpoint.get_torch_safe_globals = list  # none
    if hasattr(checkpoint, '_safe_torch_load'):
        checkpoint._safe_torch_load = _load_at_once
    read = checkpoint.CheckpointLoader.load_checkpoint.__func__

    def load_checkpoint(cls, filename, map_location=None, logger='current'):
        filename = os.fspath(filename)
        try:
            with _torch_load(weights_only=not _is_trusted(filename)):
                return read(cls, filename, map_location, logger)
        except pickle.UnpicklingError as error:
            _check_content(filename)
            raise UntrustedCheckpointError(
                f'Refused to load {filename}: it is no checkpoint of tensors '
                'and plain values alone, and loading it in full could run '
                'any program on this computer. Nothing in it has been run. '
                'If you made the file, or trust whoever did, name it: '
                f'{TRUST_VARIABLE}={filename}\n({_reason(error)})') from error
        except _DAMAGED as error:
            _check_machine(error, filename)
            _check_content(filename)
            raise RuntimeError(
                f'Could not read {filename} as a checkpoint; is it complete? '
                f'({type(error).__name__}: {error})') from error

    checkpoint.CheckpointLoader.load_checkpoint = classmethod(
        load_checkpoint)
