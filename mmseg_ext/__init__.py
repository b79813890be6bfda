"""MMSegmentation for metal micrographs and industrial surfaces.

Importing the package patches what current torch and setuptools break in
OpenMMLab's packages (``mmseg_ext.compat``) and adds its modules to
MMSegmentation's registries. A config needs no more than
``custom_imports = dict(imports=['mmseg_ext'])``.

Neither torch nor OpenMMLab's packages are imported for it: each patch is
applied, and the modules are registered, when the packages are put to use.
Where MMSegmentation is not installed, the rooms that do without it are there:
``mmseg_ext.inference`` predicts from ONNX files.
"""
from importlib import import_module
from importlib.util import find_spec

from .version import __version__

__all__ = ['__version__']

if find_spec('mmseg') is not None:
    from . import compat

    compat.apply()
    __all__ += ['compat']


def __getattr__(name: str):
    """Import a room when it is asked for as an attribute."""
    if name[:1] != '_' and find_spec(f'.{name}', __name__) is not None:
        return import_module(f'.{name}', __name__)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
