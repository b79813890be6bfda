"""Mends for what current Python, torch and CPU-only machines break upstream.

Each module mends one thing, says why and where it was reported, and does
nothing where the thing is not broken. No installed file is changed.
"""
from . import (
    checkpoint_loading,
    cpu_distributed,
    message_hub,
    mmcv_ops,
    mmpretrain_multimodal,
    package_lookup,
)
from .checkpoint_loading import UntrustedCheckpointError

__all__ = ['UntrustedCheckpointError', 'apply']

_applied = False


def apply() -> None:
    """Apply every mend; a second call does nothing."""
    global _applied
    if _applied:
        return
    _applied = True
    for mend in (mmcv_ops, package_lookup, checkpoint_loading, message_hub,
                 mmpretrain_multimodal, cpu_distributed):
        mend.apply()
