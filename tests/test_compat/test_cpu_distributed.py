import os
import subprocess
from pathlib import Path

import pytest
import torch
from mmengine.device import get_device
from ranks import new_store, variables
from warm_python import INTERPRETER

SCRIPT = Path(__file__).with_name('train_two_processes.py')


@pytest.mark.slow
@pytest.mark.skipif(
    get_device() != 'cpu', reason='an accelerator is here: nothing is patched')
def test_two_processes_train_one_model(
        tmp_path, environment, lean_processes, warm_python):
    path = [str(SCRIPT.parents[1]), os.environ['PYTHONPATH'],
            environment['PYTHONPATH']]
    store = new_store()
    # torchrun itself would import for seconds, and so would a second one
    processes = [
        subprocess.Popen(
            [python, SCRIPT, tmp_path],
            cwd=tmp_path,
            env=dict(environment, PYTHONPATH=os.pathsep.join(path),
                     **variables(rank, 2, store.port)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True)
        for rank, python in enumerate((INTERPRETER, warm_python))
    ]
    for process in processes:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said[-3000:]
        assert 'terminate called' not in said
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
