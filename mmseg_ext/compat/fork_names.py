"""OneDL's packages are installed under other names than OpenMMLab's.

mmengine looks for the configs of ``mmseg::`` in the distribution
``mmsegmentation``; OneDL's is called ``onedl-mmsegmentation`` and has the same
modules, which its own mmengine does not find either. The name of the module
leads to both.

Upstream: MODULE2PACKAGE in mmengine/config/utils.py of onedl-mmengine 0.10.12;
not reported. Does nothing where the distribution is installed.
"""
import importlib.util
from importlib import metadata
from types import ModuleType


def name_modules(utils: ModuleType) -> None:
    """Name the modules where there is no such distribution."""
    for module, distribution in utils.MODULE2PACKAGE.items():
        try:
            metadata.distribution(distribution)
        except metadata.PackageNotFoundError:
            if importlib.util.find_spec(module) is not None:
                utils.MODULE2PACKAGE[module] = module
