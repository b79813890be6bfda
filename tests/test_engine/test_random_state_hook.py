"""A resumed training equals the unbroken one, bit for bit."""
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from tiny import tiny_quickstart

from mmseg_ext.engine import train

KEPT = 8  # iterations of the checkpoint that is resumed; stopped at 10 of 16


def config(path, work_dir, root, workers: int, by_epoch: bool = False,
           persistent: bool = True):
    """Sixteen steps with augmentation, dropout and two validations."""
    cfg = tiny_quickstart(path, work_dir, root, steps=16)
    cfg.model.backbone.drop_path_rate = 0.3
    cfg.model.decode_head.dropout_ratio = 0.3
    cfg.train_dataloader.update(num_workers=workers)
    cfg.train_dataloader.persistent_workers = persistent
    cfg.custom_hooks = []
    cfg.default_hooks.checkpoint.update(interval=4, max_keep_ckpts=-1)
    cfg.train_cfg.val_interval = KEPT
    if by_epoch:  # of two iterations
        cfg.train_dataloader.sampler = dict(
            type='DefaultSampler', shuffle=True)
        cfg.train_cfg = dict(
            type='EpochBasedTrainLoop', max_epochs=8, val_interval=4)
        cfg.default_hooks.checkpoint.update(interval=2, by_epoch=True)
        cfg.default_hooks.logger.log_metric_by_epoch = True
        cfg.log_processor.by_epoch = True
    return cfg


class Stop(Hook):
    """Interrupt a training as Ctrl-C does, after ten iterations."""

    def after_train_iter(self, runner, **kwargs):
        if runner.iter + 1 == 10:
            raise KeyboardInterrupt


def results(runner) -> tuple[list, dict, list]:
    """Every loss, the weights and every score."""
    hub = runner.message_hub
    return ([float(loss) for loss in hub.get_scalar('train/loss').data[0]],
            runner.model.state_dict(),
            [float(score) for score in hub.get_scalar('val/mIoU').data[0]])


def assert_equal(found, expected) -> None:
    assert found[0] == expected[0]
    assert found[2] == expected[2]
    for name, value in expected[1].items():
        assert torch.equal(found[1][name], value), name


@pytest.mark.parametrize(('workers', 'by_epoch', 'persistent'), [
    (0, False, True), (2, False, True), (0, True, True), (2, True, True),
    (2, True, False), (3, True, True)])
def test_resumed_is_unbroken(config_path, sem_root, tmp_path, monkeypatch,
                             workers, by_epoch, persistent):
    path = config_path('segformer_xattn_quickstart')

    def settings(name):
        return config(path, tmp_path / name, sem_root, workers, by_epoch,
                      persistent)

    expected = results(train(settings('whole')))
    assert len(expected[0]) == 16
    assert len(set(expected[0])) == 16

    init_default_scope('mmseg')
    from mmseg.registry import HOOKS
    HOOKS.register_module(name='StopInTest', module=Stop, force=True)
    cfg = settings('broken')
    cfg.custom_hooks = [dict(type='StopInTest')]
    with pytest.raises(KeyboardInterrupt):
        train(cfg)
    last = Path((tmp_path / 'broken/last_checkpoint').read_text())
    assert last.name == ('epoch_4.pth' if by_epoch else 'iter_8.pth')
    assert torch.load(last, weights_only=True)['meta']['iter'] == KEPT
    assert_equal(results(train(settings('broken'), resume=True)), expected)
