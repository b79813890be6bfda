"""Processes that load data end with the training that they load for."""
import gc
from multiprocessing import active_children

import pytest
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from tiny import tiny_quickstart

from mmseg_ext.engine import train


class Count(Hook):
    """Note the processes that load, and fail if asked."""
    found: set = set()

    def __init__(self, fails: bool) -> None:
        self.fails = fails

    def after_val_iter(self, runner, **kwargs):
        Count.found = set(active_children())
        if self.fails:
            raise RuntimeError('as asked')


@pytest.mark.parametrize('fails', [False, True])
@pytest.mark.parametrize('persistent', [False, True])
def test_they_end_with_it(config_path, sem_root, tmp_path, persistent, fails):
    HOOKS.register_module(name='CountInTest', module=Count, force=True)
    cfg = tiny_quickstart(
        config_path('segformer_xattn_quickstart'), tmp_path, sem_root)
    for name in ('train_dataloader', 'val_dataloader'):
        cfg[name].update(num_workers=1, persistent_workers=persistent)
    cfg.custom_hooks = [dict(type='CountInTest', fails=fails)]
    before = set(active_children())
    gc.disable()  # which ends them, too, and sooner or later
    try:
        if fails:
            with pytest.raises(RuntimeError, match='as asked'):
                train(cfg)
        else:
            runner = train(cfg)
        assert len(Count.found - before) == 2
        assert set(active_children()) <= before
        if not fails:  # a loader starts new ones
            assert 'mIoU' in runner.val_loop.run()
    finally:
        gc.enable()
