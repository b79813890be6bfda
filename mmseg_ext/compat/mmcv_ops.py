"""mmcv-lite has no compiled operators, yet mmseg imports them.

``import mmseg.models`` fails on mmcv-lite with ``No module named
'mmcv._ext'``, although SegFormer and nearly all other models never call a
compiled operator. A stand-in of that name lets the import pass; its
operators raise when they are called.

Multi-scale deformable attention (Mask2Former) has a plain PyTorch form that
mmcv uses on the CPU only; without the compiled operator CUDA takes it too.

Upstream: open-mmlab/mmsegmentation#871 (the import), open-mmlab/mmcv#3035
(no wheels for the torch in use), both open.
Does nothing where a full mmcv is installed.
"""
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

EXTENSION = 'mmcv._ext'


class MissingOps(ModuleType):
    """Stand-in for mmcv's compiled module: importable, not callable."""

    def __init__(self) -> None:
        super().__init__(EXTENSION, 'Stand-in: mmcv-lite has no operators.')
        # pkgutil and importlib refuse a module without a specification.
        self.__spec__ = ModuleSpec(EXTENSION, loader=None)

    def __getattr__(self, name: str):
        if name.startswith('__'):
            raise AttributeError(name)

        def missing_op(*args, **kwargs):
            raise RuntimeError(
                f'mmcv operator {name!r} is not available: mmcv-lite has no '
                'compiled operators. Build the full mmcv with `bash '
                'tools/setup_env.sh --ops`, or use a model that does not '
                'need it.')

        return missing_op


def check_mmcv() -> None:
    """Say what to install where mmcv is missing.

    Raises:
        ModuleNotFoundError: If neither mmcv nor mmcv-lite is installed.
    """
    if importlib.util.find_spec('mmcv') is None:
        raise ModuleNotFoundError(
            'mmseg_ext needs mmcv: `pip install mmcv-lite==2.1.0` (pure '
            'Python, no compiler), or mmcv==2.1.0 if you need its operators.'
            ' Never install both: they own the same files.')


def add_stand_in(mmcv: ModuleType) -> None:
    """Put the stand-in where the compiled module is missing."""
    if EXTENSION in sys.modules or importlib.util.find_spec(EXTENSION):
        return
    sys.modules[EXTENSION] = MissingOps()


def attend_without_ops(multi_scale_deform_attn: ModuleType) -> None:
    """Let CUDA take the plain form, too, where the operator is missing."""
    if isinstance(sys.modules.get(EXTENSION), MissingOps):
        multi_scale_deform_attn.IS_CUDA_AVAILABLE = False
