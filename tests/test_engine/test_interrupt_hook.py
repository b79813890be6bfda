"""Real signals in real trainings, which then go on as if there were none."""
import os
import runpy
import signal
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from test_engine.test_random_state_hook import assert_equal, config, results

from mmseg_ext.basics.command_line import quote_command
from mmseg_ext.engine import train

AT = 11  # the iteration that is running then, the fifth of an epoch of six
WHEN = '''
import os, signal
from mmengine.hooks import Hook
from mmseg.registry import HOOKS


@HOOKS.register_module()
class PressCtrlC(Hook):

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == 11:
            os.killpg(0, signal.SIGINT)
'''


class CtrlC(Hook):
    """Press Ctrl-C within an iteration, a validation, or twice."""

    def __init__(self, place: str, times: int = 1) -> None:
        self.place, self.times = place, times

    def _press(self, place: str) -> None:
        for _ in range(self.times * (place == self.place)):
            os.kill(os.getpid(), signal.SIGINT)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == AT:
            self._press('iteration')

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        self._press('validation')


@pytest.fixture(autouse=True)
def registered():
    HOOKS.register_module(name='CtrlC', module=CtrlC, force=True)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.fixture
def settings(config_path, sem_root, tmp_path):

    def build(name: str, workers: int = 0, by_epoch: bool = False, **press):
        cfg = config(config_path('segformer_xattn_quickstart'),
                     tmp_path / name, sem_root, workers, by_epoch)
        if by_epoch:  # of six iterations
            cfg.train_dataloader.dataset = dict(
                type='RepeatDataset', times=3,
                dataset=cfg.train_dataloader.dataset)
            cfg.train_cfg.update(max_epochs=3, val_interval=1)
        if press:
            cfg.custom_hooks = [dict(type='CtrlC', **press)]
        return cfg

    return build


def in_a_terminal(tool: Path, arguments: list[str], folder: Path) -> None:
    """Run a tool in a session of its own, and log what it prints."""
    os.setsid()
    torch.set_num_threads(1)  # OpenMP's other threads were not forked
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = [str(tool), *arguments]
    with open('printed.txt', 'w', buffering=1) as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
        sys.stdout = sys.stderr = log
        runpy.run_path(str(tool), run_name='__main__')


@pytest.mark.parametrize('by_epoch', [False, True])
def test_within_an_iteration(settings, tmp_path, by_epoch):
    cfg = settings('broken', by_epoch=by_epoch, place='iteration')
    with pytest.raises(KeyboardInterrupt, match=(
            rf'after iteration {AT} of 1[68]. The same command with --resume '
            r'goes on from .*broken/interrupted\.pth')):
        train(cfg)
    kept = torch.load(tmp_path / 'broken/interrupted.pth', weights_only=True)
    assert kept['meta']['iter'] == AT
    found = results(train(settings('broken', by_epoch=by_epoch), resume=True))
    assert not (tmp_path / 'broken/interrupted.pth').exists()
    assert_equal(found, results(train(settings('whole', by_epoch=by_epoch))))


def test_what_another_training_has_written_stays(settings, tmp_path):
    # as plan.py trains, which has no --resume
    with pytest.raises(KeyboardInterrupt, match=r'\n  train a\.py --resume$'):
        train(settings('broken', place='iteration'), command='train a.py')
    train(settings('broken'))  # anew
    assert (tmp_path / 'broken/interrupted.pth').exists()


def test_within_a_validation_with_averaged_weights(settings, tmp_path):

    def build(name, **press):
        cfg = settings(name, **press)
        cfg.custom_hooks += [dict(type='EMAHook', momentum=0.1)]
        cfg.default_hooks.checkpoint.update(interval=20, save_best=None)
        return cfg

    with pytest.raises(KeyboardInterrupt):
        train(build('broken', place='validation'))
    kept = torch.load(tmp_path / 'broken/interrupted.pth', weights_only=True)
    assert kept['meta']['iter'] == 8
    found = results(train(build('broken'), resume=True))
    expected = results(train(build('whole')))
    found[2][:0] = expected[2][:1]  # the one that was broken off
    assert_equal(found, expected)


def test_a_second_time_it_stops_at_once(settings, tmp_path):
    with pytest.raises(KeyboardInterrupt, match=r'goes on from .*iter_8\.pth'):
        train(settings('broken', place='iteration', times=2))
    assert not (tmp_path / 'broken/interrupted.pth').exists()


def test_a_terminal_ends_a_process_with_its_loaders(
        settings, repository, tmp_path):
    (tmp_path / 'when.py').write_text(WHEN)
    cfg = settings('broken', 2, by_epoch=True)
    cfg.custom_hooks = [dict(type='PressCtrlC')]
    cfg.custom_imports = dict(imports=['mmseg_ext', 'when'])
    cfg.dump(str(tmp_path / 'a config.py'))
    # forked: a new one would import for seconds
    process = get_context('fork').Process(
        target=in_a_terminal,
        args=(repository / 'tools/train.py', ['a config.py'], tmp_path))
    process.start()
    process.join(300)
    printed = (tmp_path / 'printed.txt').read_text()
    assert process.exitcode == 130, printed
    assert 'Ctrl-C again stops at once' in printed
    command = quote_command([str(repository / 'tools/train.py'),
                             'a config.py', '--resume'])
    assert f'python {command}' in printed
    assert 'Traceback' not in printed
    again = settings('broken', 2, by_epoch=True)
    again.default_hooks.pop('curves')  # the training's own draws
    found = results(train(again, resume=True))
    whole = settings('whole', 2, by_epoch=True)
    assert_equal(found, results(train(whole)))
    assert Path(again.work_dir, 'curves.png').exists()
