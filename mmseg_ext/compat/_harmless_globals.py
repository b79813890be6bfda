"""What a checkpoint may name beyond tensors, in forms that cannot do harm.

mmengine's training checkpoints hold HistoryBuffers and numpy values. Allowing
numpy's own types would not be safe: they take a state from the file unchecked.
"""
import pickle
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.logging import HistoryBuffer


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
def harmless_globals_allowed():
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
