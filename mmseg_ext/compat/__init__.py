"""Patches for what current Python, torch and CPU-only machines break upstream.

Each module patches one thing, says why and where it was reported, and does
nothing where the thing is not broken. No installed file is changed, and
nothing is imported for it: a patch is applied when what it patches is
imported, or at once if it has been.
"""
from functools import partial
from importlib import import_module
from types import ModuleType

from . import mmcv_ops, mmpretrain_multimodal
from ._errors import UntrustedCheckpointError
from ._when_imported import when_imported

__all__ = ['UntrustedCheckpointError', 'apply', 'when_imported']

# What is patched -> modules and functions here, which are given it.
PATCHES = {
    'mmcv': 'mmcv_ops.add_stand_in',
    'mmcv.ops.multi_scale_deform_attn': 'mmcv_ops.attend_without_ops',
    'mmengine.config.config':
    'own_scope.add_to_bases config_reading.keep_formatted',
    'mmengine.config.utils':
    'own_scope.add_to_packages fork_names.name_modules '
    'config_reading.keep_model_index',
    'mmengine.dist.utils': 'cpu_distributed.patch_process_group',
    'mmengine.fileio.backends.local_backend':
    'checkpoint_saving.patch_backend',
    'mmengine.hooks.checkpoint_hook': 'checkpoint_saving.patch_hook',
    'mmengine.hooks.logger_hook': 'tested_metrics.patch_logger_hook',
    'mmengine.logging.message_hub': 'message_hub.patch_message_hub',
    'mmengine.model.wrappers.distributed':
    'cpu_distributed.patch_model_wrapper',
    'mmengine.runner.checkpoint': 'checkpoint_loading.patch_loader',
    'mmengine.utils.package_utils': 'package_lookup.patch_package_utils',
    'mmpretrain.utils.dependency': 'mmpretrain_multimodal.switch_off',
    'mmseg.registry.registry': 'own_scope.add_to_registries',
}

_applied = False


def apply() -> None:
    """Apply every patch, now or when it is its turn; once."""
    global _applied
    if _applied:
        return
    mmcv_ops.check_mmcv()
    mmpretrain_multimodal.check_import()
    # only now: after an error a second import is to end in it, too
    _applied = True
    for target, patches in PATCHES.items():
        for patch in patches.split():
            when_imported(target, partial(_patch, *patch.split('.')))


def _patch(file: str, function: str, module: ModuleType) -> None:
    getattr(import_module(f'.{file}', __name__), function)(module)
