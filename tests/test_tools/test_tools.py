"""The tools as a user starts them, from another folder."""
import json
import os
import pickle
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mmseg
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from run_tool import run_tool
from tiny import TINY_QUICKSTART

from mmseg_ext.basics.command_line import quote_command
from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.samples import write_sem_sample

STEPS = ['train_cfg.max_iters=2', 'train_cfg.val_interval=2',
         'default_hooks.checkpoint.interval=2']

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures('warm_python')]


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """Three validation images: two processes have to pad them to four."""
    return write_sem_sample(
        tmp_path_factory.mktemp('a folder') / 'sem', 4, 3, size=(96, 128))


def run(command: list, cwd: Path, **variables) -> str:
    """Run a command and return what it printed."""
    # the shell scripts take the interpreter of these tests
    environment = dict(
        os.environ, VIRTUAL_ENV=str(Path(sys.executable).parents[1]),
        **variables)
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, result.stdout
    return result.stdout


def metrics_in(work_dir: Path) -> dict:
    """Return the metrics that a test run has written."""
    files = [path for path in work_dir.glob('*/*.json')
             if 'vis_data' not in path.parts]
    assert len(files) == 1, files
    metrics = json.loads(files[0].read_text())
    return {key: value for key, value in metrics.items()
            if not key.endswith('time')}


@pytest.fixture(scope='module')
def trained(warm_python, repository, root, tmp_path_factory) -> Path:
    """A work directory with a checkpoint, made on two machines."""
    here = tmp_path_factory.mktemp('elsewhere')
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])
    command = ['bash', repository / 'tools/dist_train.sh',
               repository / 'configs/sem/segformer_xattn_quickstart.py', 1,
               '--data-root', root, '--work-dir', 'work', '--cfg-options',
               *TINY_QUICKSTART, *STEPS]
    with ThreadPoolExecutor() as machines:
        out, _ = machines.map(
            lambda rank: run(command, here, NNODES='2', PORT=port,
                             NODE_RANK=str(rank)), range(2))
    assert 'in each of 2 processes' in out
    return here / 'work'


def test_train_on_two_machines(trained):
    assert (trained / 'iter_2.pth').exists()
    # three images, one of which both processes are dealt
    assert (trained / 'curves.png').exists()
    row, = read_table(trained / 'curves.csv')
    cfg = Config.fromfile(trained / 'segformer_xattn_quickstart.py')
    cfg.update(
        launcher='none', load_from=str(trained / 'iter_2.pth'),
        work_dir=str(trained / 'alone'),
        custom_hooks=[dict(type='ValidationLossHook')])
    cfg.default_hooks.checkpoint.save_best = None  # for trainings alone
    metrics = Runner.from_cfg(cfg).val()
    # not exactly: the second process has batch statistics of its own
    assert float(row['val_loss']) == pytest.approx(
        metrics['val_loss'], rel=5e-3)


def test_resume(repository, root, trained):
    _, reason = run_tool(
        repository / 'tools/train.py',
        repository / 'configs/sem/segformer_xattn_quickstart.py',
        '--data-root', root, '--work-dir', trained, '--resume',
        '--cfg-options', *TINY_QUICKSTART,
        'train_cfg.max_iters=3', 'train_cfg.val_interval=3',
        'default_hooks.checkpoint.interval=3', cwd=trained)
    assert reason is None
    resumed = torch.load(trained / 'iter_3.pth', weights_only=True)
    assert resumed['meta']['iter'] == 3


def test_test_in_one_and_two_processes(repository, root, trained, tmp_path):
    options = ['--data-root', root, '--cfg-options', *TINY_QUICKSTART]
    config = repository / 'configs/sem/segformer_xattn_quickstart.py'
    checkpoint = trained / 'iter_2.pth'
    _, reason = run_tool(
        repository / 'tools/test.py', config, checkpoint, '--work-dir',
        tmp_path / 'one', *options, cwd=tmp_path)
    assert reason is None
    run(['bash', repository / 'tools/dist_test.sh', config, checkpoint, 2,
         '--work-dir', tmp_path / 'two', *options], tmp_path)
    one, two = metrics_in(tmp_path / 'one'), metrics_in(tmp_path / 'two')
    assert one == two
    assert one['ClassRatioError'] >= 0
    panels = {path.name for path in (tmp_path / 'one/panels').iterdir()}
    assert panels == {f'val_00{i}.png' for i in range(3)}


def test_stock_train_py_runs_our_configs(repository, root, tmp_path):
    stock = Path(mmseg.__file__).parent / '.mim/tools/train.py'
    link = tmp_path / 'data'  # --cfg-options takes no white space
    link.symlink_to(root)
    roots = [f'{name}_dataloader.dataset.data_root={link}'
             for name in ('train', 'val')]
    _, reason = run_tool(
        stock, repository / 'configs/sem/segformer_xattn_quickstart.py',
        '--work-dir', tmp_path / 'work', '--cfg-options', *TINY_QUICKSTART,
        *STEPS, *roots, cwd=tmp_path)
    assert reason is None
    assert (tmp_path / 'work/iter_2.pth').exists()


def test_missing_data_and_bombs_end_with_a_message(
        repository, root, tmp_path):

    class Bomb:

        def __reduce__(self):
            return (open, (str(tmp_path / 'boom'), 'w'))

    (tmp_path / 'model.pth').write_bytes(pickle.dumps(Bomb()))
    config = repository / 'configs/sem/segformer_xattn_quickstart.py'
    _, reason = run_tool(repository / 'tools/train.py', config, '--data-root',
                         'nowhere', cwd=tmp_path)
    assert reason.startswith('\nNo images in nowhere/images/train')
    tool = quote_command([str(repository / 'tools/make_sample.py')])
    assert f'python {tool} sem nowhere' in reason
    _, reason = run_tool(
        repository / 'tools/test.py', config, 'model.pth', '--data-root', root,
        '--cfg-options', *TINY_QUICKSTART, cwd=tmp_path)
    assert reason.startswith('\nRefused to load model.pth')
    assert not (tmp_path / 'boom').exists()
