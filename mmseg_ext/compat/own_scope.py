"""OpenMMLab's packages know each other's configs and modules, not ours.

mmengine resolves ``_base_ = 'mmseg::...'`` for a fixed list of packages, and
marks what is inherited with the package's registries. MMSegmentation's
registries import the modules of MMSegmentation when they are first asked for
one. Here this package joins both: ``mmseg_ext::...`` names its configs, whose
modules are in MMSegmentation's registries, and these import its modules when
the first of any is built.

Upstream: the list is closed by design (mmengine/config/utils.py), the
registries' locations are meant for this, but set by their owner alone.
"""
from importlib import import_module
from types import ModuleType
from typing import Optional

from mmseg_ext.basics.shipped import shipped

PACKAGE = __name__.split('.')[0]


def add_to_packages(utils: ModuleType) -> None:
    """Let mmengine's ``get_config`` find configs of ``mmseg_ext::``."""
    utils.MODULE2PACKAGE[PACKAGE] = PACKAGE


def add_to_bases(config: ModuleType) -> None:
    """Let a config inherit from ``mmseg_ext::`` as from a file beside it."""
    find = config.Config._get_cfg_path

    def _get_cfg_path(cfg_path: str,
                      filename: str) -> tuple[str, Optional[str]]:
        scope, separator, name = cfg_path.partition('::')
        if separator and scope == PACKAGE:
            # no scope: there are no registries of that name
            return str(shipped('configs') / name), None
        return find(cfg_path, filename)

    config.Config._get_cfg_path = staticmethod(_get_cfg_path)


def add_to_registries(registries: ModuleType) -> None:
    """Let MMSegmentation's registries import this package's modules."""
    location = f'{PACKAGE}.registered'
    for registry in vars(registries).values():
        if (not isinstance(registry, registries.Registry)
                or registry.scope != 'mmseg'):
            continue  # of mmengine, which is imported there, too
        if registry._imported:
            import_module(location)
        else:
            registry._locations.append(location)
