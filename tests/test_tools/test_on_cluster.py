"""What a real cluster does is what this machine does."""
import json
import os
import re
import signal
import time

import pytest
from loopback_cluster import LoopbackCluster
from run_tool import run_tool
from tiny import tiny_quickstart

from mmseg_ext.basics import FileLock
from mmseg_ext.basics.executors import open_executor
from mmseg_ext.benchmark import read_suite, run_suite
from mmseg_ext.benchmark.cross_validation import cross_validate

pytest.importorskip('distributed', reason='needs the extra cluster')
pytestmark = pytest.mark.slow

SUITE = """
title = 'A tiny model'
budget = 'Nothing'
data_root = {root!r}
data_help = 'Make some.'
input_size = (64, 64)
seeds = [0]
columns = dict(mIoU=dict(title='mIoU', unit='%'))
rows = dict(tiny=dict(title='Tiny', config={config!r}, cfg_options={options}))
"""


@pytest.fixture(scope='module')
def loopback(tmp_path_factory, lean_processes, warm_python):
    loopback = LoopbackCluster(
        tmp_path_factory.mktemp('cluster'), warm_python)
    loopback.add()
    loopback.add()
    yield loopback
    loopback.close()


def kill_a_worker(root):
    """End the worker of the first fold as soon as that is at work."""
    folder = root / 'runs/fold_1/seed_0'
    log = folder / 'log.txt'
    end = time.monotonic() + 120
    while not (log.exists() and log.stat().st_size):
        assert time.monotonic() < end
        time.sleep(0.05)
    holder = FileLock(folder / 'lock').holder()
    pid = int(re.search(r'process (\d+)', holder)[1])
    os.kill(pid, signal.SIGKILL)
    return pid


def test_folds_are_byte_for_byte_those_of_this_machine(
        loopback, repository, sem_root, tmp_path):
    cfg = tiny_quickstart(
        repository / 'configs/sem/segformer_xattn_quickstart.py',
        tmp_path / 'unused', sem_root)
    here, there = tmp_path / 'here', tmp_path / 'there'
    silent = cross_validate(cfg, 'tiny.py', here, 2, echo=lambda line: None)
    lines, killed = [], []

    def tell(line):
        lines.append(line)
        if ', on ' in line and 'fold 1' in line and not killed:
            killed.append(kill_a_worker(there))

    with open_executor(loopback.address, tell) as executor:
        found = cross_validate(
            cfg, 'tiny.py', there, 2, echo=tell, executor=executor)
    assert not found.failures
    assert found.summary.text() == silent.summary.text()
    assert any(f'(process {killed[0]}) was lost' in line for line in lines)
    written = {path.relative_to(here) for kind in ('png', 'csv')
               for path in here.rglob(f'*.{kind}') if 'work' not in path.parts}
    assert sum(path.parts[0] == 'masks' for path in written) == 6
    for path in written:
        assert (here / path).read_bytes() == (there / path).read_bytes(), path
    for fold in (1, 2):
        results = [json.loads((
            root / f'runs/fold_{fold}/seed_0/result.json').read_text())
            for root in (here, there)]
        for result in results:
            for name in ('started', 'seconds', 'machine'):
                del result[name]
        assert results[0] == results[1]
    assert not [*there.glob('.*')]


def test_costs_are_measured_by_a_worker(
        loopback, repository, sem_root, tmp_path):
    path = tmp_path / 'suite.py'
    path.write_text(SUITE.format(
        root=str(sem_root), options={
            'model.backbone.embed_dims': 8,
            'model.backbone.num_layers': [1] * 4,
            'model.neck.in_channels': [8, 16, 40, 64],
            'model.decode_head.in_channels': [16, 32, 80, 64],
            'model.decode_head.channels': 16},
        config=str(repository /
                   'configs/sem/segformer_xattn_quickstart.py')))
    lines = []
    with open_executor(loopback.address) as executor:
        failures = run_suite(read_suite(path), tmp_path / 'out', seeds=[],
                             echo=lines.append, executor=executor)
    assert not failures
    assert re.fullmatch(r'Costs of an image, all models in turn: \S+log.txt, '
                        r'on \S+ \(process \d+\)', lines[-1])


def test_trials_of_a_search(loopback, repository, sem_root, tmp_path):
    """Trained and timed by workers; this machine finds nothing to do."""
    pytest.importorskip('optuna', reason='needs the extra search')
    from tiny_search import write_search

    from mmseg_ext.search import Settings, read_search, run_search

    search = read_search(write_search(
        tmp_path / 'tiny.py', repository, sem_root,
        ("final = dict(top=1, seeds=[1], steps=1)\n", '')))
    settings, lines = Settings('random', trials=3), []
    with open_executor(loopback.address) as executor:
        report, failures = run_search(search, tmp_path / 'out', settings,
                                      echo=lines.append, executor=executor)
    assert not failures
    root = tmp_path / 'out/tiny'
    table = (root / 'random/trials.csv').read_text().splitlines()
    assert [line.split(',')[1] for line in table[1:]] == ['finished'] * 3
    logs = [line for line in lines if ', on ' in line]
    assert any(re.search(r'costs/\w+/log.txt, on \S+ \(process', line)
               for line in logs)
    assert any('runs/' in line for line in logs)
    lines.clear()
    again, _ = run_search(search, tmp_path / 'out', settings,
                          echo=lines.append)
    assert not lines and again.text == report.text


def test_predictions_are_byte_for_byte_those_of_one_process(
        loopback, repository, tmp_path):
    pytest.importorskip('onnxruntime', reason='needs the extra export')
    pytest.importorskip('onnx', reason='needs the extra export')
    from toy_onnx import CLASSES, write_images, write_toy

    write_images(tmp_path / 'scans')
    write_toy(tmp_path / 'toy.onnx', **CLASSES)

    def predict(out, *options):
        return run_tool(
            repository / 'tools/predict.py', 'scans', '--onnx', 'toy.onnx',
            '--um-per-pixel', '0.5', '--out', out, *options, cwd=tmp_path)

    assert not predict('here')[1]
    with open_executor(loopback.address) as executor:
        if executor.slots < 2:  # one was killed
            loopback.add()
        while executor.slots < 2:
            time.sleep(0.1)
    printed, reason = predict('there', '--scheduler', loopback.file)
    assert not reason, printed
    assert printed.count('log.txt, on ') > 1
    here, there = [{
        path.relative_to(tmp_path / out): path.read_bytes()
        for path in (tmp_path / out).rglob('*') if path.is_file()}
        for out in ('here', 'there')]
    assert here == there
