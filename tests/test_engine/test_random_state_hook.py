"""A resumed training equals the unbroken one, bit for bit."""
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from tiny import tiny_quickstart

from mmseg_ext.engine import train

KEPT = 8  # iterations of the checkpoint that is resumed, of 16
pytestmark = pytest.mark.usefixtures('one_thread')


def config(path, work_dir, root, workers: int, by_epoch: bool = False):
    """Sixteen steps with augmentation, dropout and two validations."""
    cfg = tiny_quickstart(path, work_dir, root, steps=16)
    cfg.model.backbone.drop_path_rate = 0.3
    cfg.model.decode_head.dropout_ratio = 0.3
    cfg.train_dataloader.update(num_workers=workers, persistent_workers=True)
    cfg.custom_hooks = []
    cfg.default_hooks.checkpoint.update(interval=KEPT, max_keep_ckpts=-1)
    cfg.train_cfg.val_interval = KEPT
    if by_epoch:  # of two iterations
        cfg.train_dataloader.sampler = dict(
            type='DefaultSampler', shuffle=True)
        cfg.train_cfg = dict(
            type='EpochBasedTrainLoop', max_epochs=8, val_interval=4)
        cfg.default_hooks.checkpoint.update(
            interval=KEPT // 2, by_epoch=True)
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


def resumed(cfg, whole: Path):
    """Go on from a checkpoint in the middle of another training."""
    work_dir = Path(cfg.work_dir)
    work_dir.mkdir()
    kept, = [path for path in whole.glob('[ei]*.pth')
             if torch.load(path, weights_only=True)['meta']['iter'] == KEPT]
    (work_dir / 'last_checkpoint').write_text(shutil.copy(kept, work_dir))
    return train(cfg, resume=True)


@pytest.mark.parametrize(('workers', 'by_epoch'), [
    (2, False), (0, True), (2, True)])
def test_resumed_is_unbroken(config_path, sem_root, tmp_path, workers,
                             by_epoch):
    path = config_path('segformer_xattn_quickstart')
    whole, again = (config(path, tmp_path / name, sem_root, workers, by_epoch)
                    for name in ('whole', 'again'))
    expected = results(train(whole))
    assert len(set(expected[0])) == len(expected[0]) == 16
    assert_equal(results(resumed(again, tmp_path / 'whole')), expected)


def test_interrupted_and_resumed(config_path, sem_root, tmp_path, capsys):
    path = config_path('segformer_xattn_quickstart')

    def settings(name):
        cfg = config(path, tmp_path / name, sem_root, 0)
        cfg.pop('randomness')  # a seed is drawn
        return cfg

    HOOKS.register_module(name='StopInTest', module=Stop, force=True)
    cfg = settings('broken')
    cfg.custom_hooks = [dict(type='StopInTest')]
    with pytest.raises(KeyboardInterrupt):
        train(cfg)
    last = Path((tmp_path / 'broken/last_checkpoint').read_text())
    seed = torch.load(last, weights_only=True)['meta']['seed']
    found = results(train(settings('broken'), resume=True))
    assert 'not exactly the unbroken one' not in capsys.readouterr().out
    whole = settings('whole')
    whole.randomness = dict(seed=seed)
    assert_equal(found, results(train(whole)))

    # and what cannot be equal is said
    other = settings('broken')
    other.train_cfg.max_iters = 17
    other.train_dataloader.batch_size = 3
    train(other, resume=True)
    assert ('not exactly the unbroken one: train_dataloader.batch_size is 3, '
            'and was 2') in capsys.readouterr().out
