"""MMSegmentation for metal micrographs and industrial surfaces.

Importing the package mends what current torch and setuptools break in
OpenMMLab's packages (``mmseg_ext.compat``) and registers every module in
MMSegmentation's registries. A config needs no more than
``custom_imports = dict(imports=['mmseg_ext'])``.

Where MMSegmentation is not installed, ``mmseg_ext.inference`` alone is there:
it predicts from ONNX files.
"""
from importlib.util import find_spec

from .version import __version__

__all__ = ['__version__']

if find_spec('mmseg') is not None:
    from . import compat

    # Before any module that imports mmseg: without it mmseg may not import.
    compat.apply()

    from . import datasets, engine, evaluation, models, visualization

    __all__ += [
        'compat', 'datasets', 'engine', 'evaluation', 'models',
        'visualization'
    ]
