import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.device import get_device

SCRIPT = Path(__file__).with_name('train_two_processes.py')


@pytest.mark.slow
@pytest.mark.skipif(
    get_device() != 'cpu', reason='an accelerator is here: nothing is patched')
def test_two_processes_train_one_model(
        tmp_path, environment, lean_processes):
    path = [str(SCRIPT.parents[1]), os.environ['PYTHONPATH'],
            environment['PYTHONPATH']]
    done = subprocess.run(
        [
            sys.executable, '-m', 'torch.distributed.run', '--standalone',
            '--nproc_per_node', '2', SCRIPT, tmp_path
        ],
        cwd=tmp_path,
        env=dict(environment, PYTHONPATH=os.pathsep.join(path)),
        capture_output=True,
        text=True,
        timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert 'terminate called' not in done.stderr
    # gloo's threads run until neither torch nor a wrapped model holds the
    # group, and one of them may abort the process as the interpreter goes
    assert [(tmp_path / f'rank_{rank}.txt').read_text()
            for rank in (0, 1)] == ['False False'] * 2

    first, second = (torch.load(
        tmp_path / f'rank_{rank}.pth', weights_only=True) for rank in (0, 1))
    for rank in (first, second):
        assert rank['backend'] == 'gloo'
        assert rank['world_size'] == 2
        assert rank['wrapper'] == 'MMDistributedDataParallel'
    for name in ('conv.weight', 'norm.weight', 'norm.bias'):
        assert torch.equal(first['end'][name], second['end'][name])
        assert not torch.equal(first['start'][name], first['end'][name])
    # The processes saw different patches, so equal weights are no accident:
    # only the batch statistics, which BN keeps to itself, differ.
    assert not torch.equal(first['end']['norm.running_mean'],
                           second['end']['norm.running_mean'])
