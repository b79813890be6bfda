"""OpenMMLab's packages know each other's configs and modules, not ours.

mmengine resolves ``_base_ = 'mmseg::...'`` for a fixed list of packages, and
MMSegmentation's registries import the modules of MMSegmentation when they
are first asked for one. Here this package joins both: ``mmseg_ext::...``
names its configs, and its modules are registered when the first of any is
built, without being imported before.

Upstream: the list is closed by design (mmengine/config/utils.py), the
registries' locations are meant for this, but set by their owner alone.
"""
from importlib import import_module
from types import ModuleType

PACKAGE = __name__.split('.')[0]


def add_to_configs(utils: ModuleType) -> None:
    """Let mmengine find configs of ``mmseg_ext::``."""
    utils.MODULE2PACKAGE[PACKAGE] = PACKAGE


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
