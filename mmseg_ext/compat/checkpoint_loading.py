"""Load checkpoints as data, never as programs.

A pickle can run anything. torch >= 2.6 refuses one that asks for more than
tensors and plain values, but refuses mmengine's own training checkpoints
with it; torch < 2.6, and torch.hub's downloads on every version, run the
file. Here each checkpoint that mmengine loads is read with
``weights_only=True`` and the short list of ``_harmless_globals``; a file that
asks for anything else is refused unless the user names it as trusted.

Upstream: open-mmlab/mmengine#1655, pull request #1650, both open.
Applies to every torch: the check is for safety, not for compatibility alone.
"""
import os
import pickle
import re
import struct
import threading
from contextlib import contextmanager
from types import ModuleType
from unittest import mock

import torch

from ._errors import UntrustedCheckpointError
from ._harmless_globals import harmless_globals_allowed

TRUST_VARIABLE = 'MMSEG_EXT_TRUST_CHECKPOINT'
_LOCK = threading.RLock()
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
    """Decide ``weights_only`` for each torch.load inside the block."""
    # One place instead of mmengine's seven loaders, of which torch.hub's
    # asks for weights_only=False by itself. The original is read under the
    # lock: another thread's decision must not stand in for this one.
    with _LOCK, harmless_globals_allowed():
        original = torch.load

        def load(*args, **kwargs):
            return original(*args, **dict(kwargs, weights_only=weights_only))

        with mock.patch.object(torch, 'load', load):
            yield


def patch_loader(checkpoint: ModuleType) -> None:
    """Make mmengine's CheckpointLoader refuse files that want to run code."""
    read = checkpoint.CheckpointLoader.load_checkpoint.__func__

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

    checkpoint.CheckpointLoader.load_checkpoint = classmethod(
        load_checkpoint)
