"""mmengine looks packages up with pkg_resources, which is gone.

setuptools 82 removed ``pkg_resources``; ``mmengine.utils.package_utils``
imports it, so every ``_base_ = ['mmseg::...']`` fails with
ModuleNotFoundError. importlib.metadata answers the same three questions.

Upstream: open-mmlab/mmcv#3325 reports the removal.
Does nothing where ``pkg_resources`` can still be imported.
"""
import importlib.util
import os.path as osp
from importlib import metadata
from types import ModuleType

from ._rebind import rebind


def package2module(package: str) -> str:
    """Return the import name of an installed distribution.

    Raises:
        ValueError: If the distribution does not say what it installs.
    """
    top_level = metadata.distribution(package).read_text('top_level.txt')
    if not top_level:
        raise ValueError(f'can not infer the module name of {package}')
    return top_level.split('\n')[0]


def _is_distribution(package: str) -> bool:
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def is_installed(package: str) -> bool:
    """Return whether a distribution or an importable module has this name."""
    if _is_distribution(package):
        return True
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None


def get_installed_path(package: str) -> str:
    """Return the folder of an installed package.

    Raises:
        PackageNotFoundError: If nothing of this name is installed.
        RuntimeError: If the name belongs to a namespace package.
    """
    # The specification knows editable installs too, metadata does not.
    spec = importlib.util.find_spec(package)
    # No origin: a folder of that name, such as a clone of mmsegmentation
    # in the current directory, must not hide the installed distribution.
    if spec is None or (spec.origin is None and _is_distribution(package)):
        spec = importlib.util.find_spec(package2module(package))
    if spec is None:
        raise metadata.PackageNotFoundError(package)
    if spec.origin is None:
        raise RuntimeError(f'{package} is a namespace package, which is '
                           'invalid for `get_installed_path`')
    return osp.dirname(spec.origin)


def patch_package_utils(package_utils: ModuleType) -> None:
    """Answer mmengine's package questions without pkg_resources."""
    if importlib.util.find_spec('pkg_resources') is not None:
        return
    for replacement in (package2module, is_installed, get_installed_path):
        original = getattr(package_utils, replacement.__name__)
        rebind(original, replacement)
