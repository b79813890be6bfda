"""mmengine loses checkpoints where the disk is full, or a save is killed.

``CheckpointHook`` removes the best checkpoint so far, and the oldest of those
that it keeps, before it writes the new one, and writes that in place: on a
full disk the old one is gone and the new one is cut off. Here the old ones go
when the new one is there, and whatever ``LocalBackend.put`` writes appears in
full or not at all. Room for one checkpoint more is needed meanwhile.

Upstream: mmengine 0.10.7; not reported.
"""
import functools
from pathlib import Path
from types import ModuleType


class _RemovesLater:
    """A file backend that notes what it is to remove."""

    def __init__(self, backend) -> None:
        self._backend = backend
        self.noted: list[tuple[str, str]] = []

    def __getattr__(self, name: str):
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self.noted.append(('remove', str(path)))

    def rmtree(self, path: str) -> None:
        self.noted.append(('rmtree', str(path)))


def patch_hook(checkpoint_hook: ModuleType) -> None:
    """Make CheckpointHook remove old checkpoints after it has saved."""
    CheckpointHook = checkpoint_hook.CheckpointHook
    for name in ('_save_checkpoint_with_step', '_save_best_checkpoint'):
        setattr(CheckpointHook, name,
                _removing_later(getattr(CheckpointHook, name)))


def _removing_later(save):

    @functools.wraps(save)
    def saving(self, *args, **kwargs) -> None:
        backend = getattr(self, 'file_backend', None)
        if backend is None:  # a validation alone, which saves nothing
            return save(self, *args, **kwargs)
        self.file_backend = later = _RemovesLater(backend)
        try:
            save(self, *args, **kwargs)
        finally:
            self.file_backend = backend
        # a training that went on may have saved under the same name
        new = {str(path) for path in (
            getattr(self, 'last_ckpt', None),
            getattr(self, 'best_ckpt_path', None),
            *getattr(self, 'best_ckpt_path_dict', {}).values())}
        for action, path in later.noted:
            if path not in new:
                getattr(backend, action)(path)

    return saving


def patch_backend(local_backend: ModuleType) -> None:
    """Make LocalBackend write files in full or not at all."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        from mmseg_ext.basics.files import write_atomically

        write_atomically(Path(filepath), bytes(obj))

    local_backend.LocalBackend.put = put
