"""Optional packages that a config needs: there, or an install line."""
import importlib


def require_extra(module: str, extra: str) -> None:
    """Import a module of an optional package, or say how to install it.

    For the head of a config, among others: without the package mmseg
    registers hollow classes, and fails much later with an argument that they
    do not know.

    Args:
        module: Module to import, such as 'mmdet.models'.
        extra: Name of the extra in setup.py that brings it.

    Raises:
        ImportError: If the module, or one that it needs, is missing.
    """
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f'{module.split(".")[0]} is needed and cannot be imported '
            f'({error}). Install it: pip install -e ".[{extra}]" in '
            'the folder of mmseg_ext, or see extras_require in its setup.py'
        ) from error
