"""mmpretrain's vision-language models break on current transformers.

With pycocotools and transformers installed, ``import mmpretrain.models``
dies inside its BLIP code (``NoneType takes no arguments``): it subclasses
names that transformers has removed. mmpretrain has a flag that leaves those
models out; nothing of ours needs them.

Upstream: mmpretrain 1.2.0 is the last release, written for transformers 4.28.
Does nothing where transformers or pycocotools is missing: mmpretrain leaves
the models out by itself.
"""
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder

FLAG_MODULE = 'mmpretrain.utils.dependency'


def _switch_off(module) -> None:
    module.WITH_MULTIMODAL = False


class _FlagLoader(Loader):
    """Runs the real loader, then switches the flag off."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module) -> None:
        self.loader.exec_module(module)
        _switch_off(module)


class _FlagFinder(MetaPathFinder):
    """Finds FLAG_MODULE alone, so that mmpretrain stays lazily imported."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != FLAG_MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            spec.loader = _FlagLoader(spec.loader)
        return spec


def apply() -> None:
    """Leave mmpretrain's vision-language models out.

    Raises:
        ImportError: If mmpretrain was imported first and has failed already.
    """
    wanted = ('mmpretrain', 'transformers', 'pycocotools')
    if not all(importlib.util.find_spec(name) for name in wanted):
        return
    loaded = sys.modules.get(FLAG_MODULE)
    if loaded is None:
        sys.meta_path.insert(0, _FlagFinder())
    elif 'mmpretrain.models' in sys.modules:
        return
    elif any(name.startswith('mmpretrain.models.') for name in sys.modules):
        # Half of its classes are registered; a second try would collide.
        raise ImportError(
            'mmpretrain was imported before mmseg_ext and failed half-way on '
            'this version of transformers. Import mmseg_ext first.')
    else:
        _switch_off(loaded)
