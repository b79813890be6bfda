"""What a checkpoint may name beyond tensors, in forms that cannot do harm.

mmengine's training checkpoints hold HistoryBuffers and numpy values. Allowing
numpy's own types would not be safe: they take a state from the file unchecked.
"""
import pickle
import threading
from contextlib import contextmanager
from functools import cache, wraps

import numpy as np
from mmengine.logging import HistoryBuffer
from torch import _weights_only_unpickler


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


@cache
def harmless_globals() -> dict[str, object]:
    """Return what mmengine's training checkpoints need beyond tensors.

    Returns:
        Path under which a file asks for it -> what it gets.
    """
    # Built through protocol 2, where numpy calls this one by name.
    scalar = np.float64(0).__reduce__()[0]
    found = {
        'builtins.getattr': history_buffer_method,
        'builtins.bytes': lambda: b'',  # the data of an empty array
        '_codecs.encode': lambda text, coding: text.encode(coding),
        'numpy.dtype': PlainDtype,
        'numpy.ndarray': PlainArray,
    }
    # numpy 2 moved the module; files of both generations exist.
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray'):
        found[f'{module}._reconstruct'] = PlainArray
        found[f'{module}.scalar'] = (
            lambda dtype, data: scalar(_plain(dtype), data))
    for kind in (HistoryBuffer, PlainDtype, PlainArray):
        found[f'{kind.__module__}.{kind.__qualname__}'] = kind
    return found


class _Thread(threading.local):
    """Whether this thread reads a checkpoint of mmengine's."""
    reads = False


_THREAD = _Thread()


@contextmanager
def allow_harmless_globals():
    """Allow this thread the harmless types, beside the user's own.

    Only inside: for one name torch takes either of two, so a stand-in must
    not meet the real numpy types that another library allows for itself. And
    only this thread, which ``torch.serialization.add_safe_globals`` cannot.
    """
    _patch_unpickler()
    _THREAD.reads = True
    try:
        yield
    finally:
        _THREAD.reads = False


@cache
def _patch_unpickler() -> None:
    """Add the harmless types to the user's, for a thread that reads; once."""
    # Its name is the same from torch 2.4 to 2.14.
    original = _weights_only_unpickler._get_user_allowed_globals

    @wraps(original)
    def allowed() -> dict[str, object]:
        users = original()
        return {**users, **harmless_globals()} if _THREAD.reads else users

    _weights_only_unpickler._get_user_allowed_globals = allowed
