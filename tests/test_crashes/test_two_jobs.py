"""Two jobs in one place: the second is refused, and learns of the first."""
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from alone import begin_alone
from crash_states import read_tree
from run_tool import run_tool
from tiny_segmentor import tiny_config, write_weights

# Holds a folder or a file as a tool does, until its input ends.
HOLD = '''
import sys
from pathlib import Path
from mmseg_ext.basics import claimed_folder, locked
path = Path(sys.argv[1])
with (locked(path, beside=True) if path.suffix else claimed_folder(path)):
    print('mine', flush=True)
    sys.stdin.read()
'''
pytestmark = pytest.mark.slow


@pytest.fixture
def hold():
    """Return a function that starts a process at a folder or a file."""
    started = []

    def start(path: Path) -> int:
        process = subprocess.Popen(
            [sys.executable, '-c', HOLD, str(path)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == 'mine\n'
        return process.pid

    yield start
    for process in started:
        process.communicate()


@pytest.fixture
def model(tmp_path):
    cfg = tiny_config()
    cfg.dump(str(tmp_path / 'config.py'))
    write_weights(cfg, tmp_path / 'model.pth')
    return [tmp_path / 'config.py', tmp_path / 'model.pth']


@pytest.fixture
def data(tmp_path):
    for kind, level in (('images', 90), ('masks', 0)):
        (tmp_path / 'raw' / kind).mkdir(parents=True)
        for i in range(4):
            cv2.imwrite(str(tmp_path / f'raw/{kind}/{i}.png'),
                        np.full((32, 40), level, np.uint8))
    return tmp_path / 'raw'


def refused(repository, tool, *arguments, pid) -> None:
    printed, reason = run_tool(repository / f'tools/{tool}.py', *arguments,
                               cwd=repository)
    assert f'is being written by process {pid} on ' in reason, printed
    assert 'Traceback' not in printed


def test_predict(repository, model, data, hold, tmp_path):
    out = tmp_path / 'out'
    pid = hold(out)
    before = read_tree(out)
    refused(repository, 'predict', data / 'images', '--config', model[0],
            '--checkpoint', model[1], '--out', out, pid=pid)
    assert read_tree(out) == before


def test_train(repository, config_path, sem_root, hold, tmp_path):
    out = tmp_path / 'out'
    pid = hold(out)
    before = read_tree(out)
    refused(repository, 'train', config_path('segformer_xattn_quickstart'),
            '--data-root', sem_root, '--work-dir', out, '--no-check', pid=pid)
    assert read_tree(out) == before


def test_convert(repository, data, hold, tmp_path):
    out = tmp_path / 'out'
    pid = hold(out)
    before = read_tree(out)
    refused(repository, 'convert_masks', data, out, '--split', '0.75',
            '--map', 'a=0', pid=pid)
    assert read_tree(out) == before


def test_sample(repository, hold, tmp_path):
    out = tmp_path / 'out'
    pid = hold(out)
    before = read_tree(out)
    refused(repository, 'make_sample', 'sem', out, pid=pid)
    assert read_tree(out) == before


def test_export(repository, model, hold, tmp_path):
    pytest.importorskip('onnxscript')
    pid = hold(tmp_path / 'model.onnx')
    refused(repository, 'export', *model, tmp_path / 'model.onnx', pid=pid)
    assert not (tmp_path / 'model.onnx').exists()


def test_predict_twice_at_once(repository, model, data, tmp_path):
    """One of the two does it all, whichever begins first."""
    for i in range(4, 12):
        (data / f'images/{i}.png').write_bytes(
            (data / 'images/0.png').read_bytes())

    def predict() -> tuple[str, object]:
        torch.set_num_threads(1)  # forked, it has no others
        return run_tool(
            repository / 'tools/predict.py', data / 'images', '--config',
            model[0], '--checkpoint', model[1], '--out', tmp_path / 'out',
            cwd=tmp_path)

    pair = [begin_alone(predict) for _ in range(2)]
    outcomes = [wait() for wait in pair]
    # the second may also have come after the first had ended
    assert any(reason is None for _, reason in outcomes), outcomes
    for text, reason in outcomes:
        assert reason is None or 'is being written by process' in reason
        assert reason is not None or 'n = 12' in text
    lines = (tmp_path / 'out/phases.csv').read_text().splitlines()
    assert len(lines) == 1 + 12 * 3
    assert not list((tmp_path / 'out').glob('.*'))
