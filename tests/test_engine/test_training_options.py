"""Early stopping, averaged weights and other logs, in real trainings."""
import importlib.util
import re

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmseg.registry import HOOKS, METRICS
from tiny import tiny_quickstart

from mmseg_ext import engine
from mmseg_ext.engine import load_trained, train
from mmseg_ext.engine.training_options import log_to, stop_early


@pytest.fixture
def config(config_path, sem_root, tmp_path):

    def build(steps: int = 4, interval: int = 1, name: str = 'work'):
        cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                              tmp_path / name, sem_root, steps)
        cfg.train_cfg.val_interval = interval
        cfg.default_hooks.checkpoint.interval = interval
        cfg.custom_hooks = []
        return cfg

    return build


class Scripted(BaseMetric):
    """Has its best value at the first validation of every training."""

    calls = 0

    def process(self, data_batch, data_samples) -> None:
        self.results += [0] * len(data_samples)

    def compute_metrics(self, results) -> dict:
        Scripted.calls += 1
        return dict(score=50.0 if Scripted.calls == 1 else 50.004)


def scripted(cfg):
    METRICS.register_module(name='Scripted', module=Scripted, force=True)
    Scripted.calls = 0
    cfg.val_evaluator = dict(type='Scripted')
    cfg.default_hooks.checkpoint.update(save_best='score', rule='greater')
    return cfg


def test_patience_ends_a_training_also_a_resumed_one(config, capsys):
    runner = train(scripted(config(12)), patience=3)
    assert runner.iter == 4  # the first is the best, three are not by much
    printed = capsys.readouterr().out
    assert 'stopped early at iteration 4 of 12' in printed
    assert re.search(r'Best checkpoint: .*best_score_iter_\d\.pth', printed)
    # a checkpoint lacks the validation that followed it
    first = scripted(config(12, name='again'))
    first.train_cfg.max_iters = 3
    first.default_hooks.checkpoint.save_best = None
    cfg = config(12, name='again')
    stop_early(scripted(cfg), 3)
    first.custom_hooks = cfg.custom_hooks
    train(first)
    cfg = scripted(config(12, name='again'))
    Scripted.calls = 1
    assert train(cfg, resume=True, patience=3).iter == 5


def test_patience_needs_a_metric(config):
    cfg = config()
    for wrong in (None, 'auto'):
        cfg.default_hooks.checkpoint.save_best = wrong
        with pytest.raises(ValueError, match='save_best=mIoU'):
            stop_early(cfg, 2)
    with pytest.raises(ValueError, match='1 validation'):
        stop_early(config(), 0)
    cfg.default_hooks.checkpoint.update(save_best=['ClassRatioError', 'mIoU'],
                                        rule=['less', 'greater'])
    stop_early(cfg, 2)
    assert cfg.custom_hooks[-1] == dict(
        type='ResumableEarlyStoppingHook', monitor='ClassRatioError',
        rule='less', patience=2, min_delta=0.005)


def test_the_last_digit_of_a_metric_counts(config):
    cfg = config(1)
    stop_early(cfg, 1)
    runner = train(cfg)
    hook = HOOKS.build(cfg.custom_hooks[-1])
    for hundredths in range(1000, 10000):
        hook.after_val_epoch(runner, dict(mIoU=hundredths / 100))
        assert not runner.train_loop.stop_training, hundredths
    hook.after_val_epoch(runner, dict(mIoU=hundredths / 100))
    assert runner.train_loop.stop_training


def test_a_config_of_a_training_with_options_can_be_tested(config, tmp_path):
    cfg = config(2)
    stop_early(cfg, 2)
    cfg.custom_hooks.append(dict(type='AveragedWeightsHook'))
    train(cfg)
    again = config(2)
    again.custom_hooks = cfg.custom_hooks
    again.train_dataloader.dataset.data_root = str(tmp_path / 'nowhere')
    assert 'mIoU' in engine.test(again, str(tmp_path / 'work/iter_2.pth'))


def test_all_tools_load_the_averaged_weights(config, tmp_path):
    runner = train(config(6, 3), ema=True)
    trained = runner.model.state_dict()
    kept = torch.load(tmp_path / 'work/iter_6.pth', weights_only=True)
    key = 'decode_head.conv_seg.weight'
    raw = kept['ema_state_dict'][f'module.{key}']
    assert torch.equal(trained[key], raw)
    loaded = load_trained(config(), str(tmp_path / 'work/iter_6.pth'))
    found = dict(loaded.state_dict())
    assert torch.equal(found[key], kept['state_dict'][key])
    assert not torch.equal(found[key], raw)
    # the validation's are these
    metrics = engine.test(config(), str(tmp_path / 'work/iter_6.pth'))
    hub = runner.message_hub
    for name in ('mIoU', 'aAcc', 'ClassRatioError'):
        assert metrics[name] == pytest.approx(
            hub.get_scalar(f'val/{name}').current()), name


def test_the_average_is_the_formula_s(config):
    seen = []

    @HOOKS.register_module(name='SeeWeights', force=True)
    class SeeWeights(Hook):

        def after_train_iter(self, runner, **kwargs):
            seen.append(runner.model.decode_head.conv_seg.weight.detach()
                        .clone())

    cfg = config(300, 300)
    cfg.train_cfg.max_iters = 300
    cfg.custom_hooks = [dict(type='SeeWeights')]
    # of 300 iterations the momentum is 20 / 300; six are enough to see
    cfg.custom_hooks.append(dict(type='StopAfterSix'))

    @HOOKS.register_module(name='StopAfterSix', force=True)
    class StopAfterSix(Hook):

        def after_train_iter(self, runner, **kwargs):
            runner.train_loop.stop_training = runner.iter + 1 == 6

    runner = train(cfg, ema=True)
    average = seen[0]
    for weight in seen[1:]:
        average = average + (weight - average) * 20 / 300
    hook, = (hook for hook in runner.hooks if hasattr(hook, 'ema_model'))
    torch.testing.assert_close(
        hook.ema_model.module.decode_head.conv_seg.weight, average)


def test_tensorboard_reads_what_was_logged(config, tmp_path):
    events = pytest.importorskip(
        'tensorboard.backend.event_processing.event_accumulator')
    cfg = config(4, 2)
    cfg.visualizer.name = 'of this test'  # mmengine has one of each name
    runner = train(cfg, log='tensorboard')
    path, = (tmp_path / 'work').rglob('events.out.tfevents.*')
    read = events.EventAccumulator(str(path)).Reload()
    tags = read.Tags()['scalars']
    assert {'loss', 'mIoU', 'IoU.A', 'val_loss', 'lr'} <= set(tags)
    assert [point.step for point in read.Scalars('mIoU')] == [2, 4]
    assert len(read.Scalars('loss')) == 4
    for name in ('mIoU', 'val_loss'):
        assert read.Scalars(name)[-1].value == pytest.approx(
            runner.message_hub.get_scalar(f'val/{name}').current(), rel=1e-5)


@pytest.mark.parametrize('service', ['mlflow', 'wandb'])
def test_a_missing_service_names_its_extra(config, service):
    cfg = config()
    if importlib.util.find_spec(service) is None:
        with pytest.raises(ImportError, match=r'\.\[log\]'):
            log_to(cfg, service)
        return
    log_to(cfg, service)
    assert len(cfg.visualizer.vis_backends) == 2
