"""mmpretrain's vision-language models break on current transformers.

With pycocotools and transformers installed, ``import mmpretrain.models``
dies inside its BLIP code (``NoneType takes no arguments``): it subclasses
names that transformers has removed. mmpretrain has a flag that leaves those
models out; nothing of ours needs them.

Upstream: mmpretrain 1.2.0 is the last release, written for transformers 4.28.
Does nothing where transformers or pycocotools is missing: mmpretrain leaves
the models out by itself.
"""
import sys
from importlib.util import find_spec
from types import ModuleType

WANTED = ('mmpretrain', 'transformers', 'pycocotools')


def switch_off(dependency: ModuleType) -> None:
    """Leave mmpretrain's vision-language models out."""
    # once they are imported, they do work here
    if 'mmpretrain.models' not in sys.modules and all(map(find_spec, WANTED)):
        dependency.WITH_MULTIMODAL = False


def check_import() -> None:
    """Notice an import of mmpretrain that has failed already.

    Raises:
        ImportError: Half of its classes are registered then; a second try
            would collide.
    """
    begun = any(name.startswith('mmpretrain.models.') for name in sys.modules)
    if begun and 'mmpretrain.models' not in sys.modules and all(
            map(find_spec, WANTED)):
        raise ImportError(
            'mmpretrain was imported before mmseg_ext and failed half-way on '
            'this version of transformers. Import mmseg_ext first.')
