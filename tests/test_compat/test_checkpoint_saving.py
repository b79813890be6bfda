"""A save that fails costs no checkpoint that was there."""
import os
import resource
import signal
from contextlib import contextmanager

import pytest
import torch
from mmengine.hooks import CheckpointHook
from tiny_training import tiny_runner


@contextmanager
def full_disk():
    """Let no file grow: what is written to one raises OSError."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


@pytest.fixture
def saved(tmp_path):
    """A runner, and a hook that has saved a periodic and a best one."""
    runner = tiny_runner(tmp_path, 1, default_hooks=dict(
        checkpoint=None, logger=None))
    runner.train()
    runner.train_loop._iter = 0
    hook = CheckpointHook(interval=1, by_epoch=False, max_keep_ckpts=1,
                          save_best='score', rule='greater')
    hook.before_train(runner)
    hook.after_train_iter(runner, 0)
    runner.train_loop._iter = 1
    hook.after_val_epoch(runner, dict(score=1.))
    return runner, hook, {'iter_1.pth', 'best_score_iter_1.pth'}


def checkpoints(runner) -> set[str]:
    found = {name for name in os.listdir(runner.work_dir) if 'pth' in name
             or name.endswith('.new')}
    for name in found:
        torch.load(os.path.join(runner.work_dir, name), weights_only=True)
    return found


def test_old_checkpoints_outlive_a_full_disk(saved):
    runner, hook, names = saved
    assert checkpoints(runner) == names
    with full_disk():
        with pytest.raises(OSError):
            hook.after_train_iter(runner, 1)
        runner.train_loop._iter = 2
        with pytest.raises(OSError):
            hook.after_val_epoch(runner, dict(score=2.))
    assert checkpoints(runner) == names


def test_old_checkpoints_make_room(saved):
    runner, hook, _ = saved
    hook.after_train_iter(runner, 1)
    runner.train_loop._iter = 2
    # the second under the same name, as a training that went on saves it
    for score in (2., 3.):
        hook.after_val_epoch(runner, dict(score=score))
        assert checkpoints(runner) == {'iter_2.pth', 'best_score_iter_2.pth'}
