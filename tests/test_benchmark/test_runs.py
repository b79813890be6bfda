"""A suite from the first run to the tables: killed, failing, changed."""
import csv
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from warm_python import INTERPRETER

from mmseg_ext.benchmark import read_suite, run_suite, write_report
from mmseg_ext.benchmark.runs import list_runs

pytestmark = pytest.mark.slow

RESUMED = 'resumed epoch: 0, iter: 1'
HOOK = """
import os
import time

from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class WaitHook(Hook):
    def __init__(self, path):
        self.path = path

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        while runner.iter == 1 and os.path.exists(self.path):
            time.sleep(0.05)
"""
KILLED = """
import runpy
import sys

sys.executable, *sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""
SUITE = """
title = 'Two tiny models'
budget = 'Two steps'
data_root = {root!r}
data_help = 'Make some.'
input_size = (64, 64)
seeds = [0, 1]
columns = dict(
    mIoU=dict(title='mIoU', unit='%'),
    ClassRatioError=dict(title='error', unit='%p', better='lower'))
config = {config!r}
rows = dict(
    tiny=dict(title='Tiny', config=config),
    broken=dict(title='Broken', config=config, cfg_options={{
        'train_dataloader.dataset.ann_file': {broken!r}}}))
del config
cfg_options = {{
    'custom_imports.imports': ['mmseg_ext', 'wait_hook'],
    'custom_hooks': [dict(type='WaitHook', path={hold!r})],
    'model.backbone.embed_dims': 8,
    'model.backbone.num_layers': [1, 1, 1, 1],
    'model.neck.in_channels': [8, 16, 40, 64],
    'model.decode_head.in_channels': [16, 32, 80, 64],
    'model.decode_head.channels': 16,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'train_dataloader.batch_size': 2,
    'train_dataloader.dataset.pipeline.2.crop_size': (64, 64),
    'test_dataloader.num_workers': 0,
    'test_dataloader.persistent_workers': False,
    'train_cfg.max_iters': 2,
    'default_hooks.checkpoint.interval': 1,
    'default_hooks.logger.interval': 1,
    # each run is a process, which would import what draws
    'default_hooks.curves': dict(type='CurvesHook', picture=False),
}}
"""


class Bench:
    """A suite file in a folder of its own, and its results."""

    def __init__(self, here, repository, root):
        self.here, self.root, self.repository = here, root, repository
        self.work_dir = here / 'work dir'
        self.hold = here / 'hold'
        (here / 'wait_hook.py').write_text(HOOK)
        self.write(broken='nowhere.txt')

    def write(self, broken='', **changes):
        text = SUITE.format(
            root=str(self.root), hold=str(self.hold), broken=broken,
            config=str(self.repository /
                       'configs/sem/segformer_xattn_quickstart.py'))
        for old, new in changes.items():
            text = text.replace(old, new)
        self.path = self.here / 'tiny_suite.py'
        self.path.write_text(text)

    def suite(self):
        return read_suite(self.path)

    def run(self, **options):
        """Return failures and the lines of progress."""
        lines = []
        failures = run_suite(
            self.suite(), self.work_dir, echo=lines.append, **options)
        return failures, lines

    def folder(self, row, seed):
        return self.work_dir / 'tiny_suite' / row / f'seed_{seed}'


@pytest.fixture(scope='module')
def bench(repository, sem_root, tmp_path_factory, lean_processes,
          warm_python):
    here = tmp_path_factory.mktemp('benchmark')
    path = os.pathsep.join([str(here), os.environ['PYTHONPATH']])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', path)
        patch.syspath_prepend(str(here))
        yield Bench(here, repository, sem_root)


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def processes_in(folder):
    """Return the ids of the processes whose command line names a folder."""
    found = subprocess.run(['pgrep', '-f', str(folder)], text=True,
                           stdout=subprocess.PIPE).stdout
    return [int(line) for line in found.split()]


@pytest.fixture(scope='module')
def interrupted(bench):
    """Ctrl-C in the middle of the first run."""
    bench.hold.touch()
    checkpoint = bench.folder('tiny', 0) / 'work/last_checkpoint'

    def interrupt():
        wait_for(checkpoint.exists)
        os.kill(os.getpid(), signal.SIGINT)

    # a shell's background jobs ignore it, and so would their children
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            bench.run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert not processes_in(bench.folder('tiny', 0))


@pytest.fixture(scope='module')
def killed(bench, interrupted):
    """The tool went on, and was killed in the same run.

    Its worker is an interpreter that imports all itself.
    """
    folder = bench.folder('tiny', 0)
    tool = subprocess.Popen(
        [sys.executable, '-c', KILLED, INTERPRETER,
         str(bench.repository / 'tools/benchmark.py'),
         str(bench.path), '--work-dir', str(bench.work_dir)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for(lambda: RESUMED in (folder / 'log.txt').read_text()
             or tool.poll() is not None)
    assert tool.poll() is None, tool.communicate()[0]
    worker = processes_in(folder)
    tool.kill()
    tool.communicate()
    return worker


@pytest.fixture(scope='module')
def resumed(bench, killed):
    wait_for(lambda: not processes_in(bench.folder('tiny', 0)), 30)
    bench.hold.unlink()
    return bench.run()


@pytest.fixture(scope='module')
def corrected(bench, resumed):
    """The broken row was corrected in the suite file, and run again."""
    before = (bench.folder('tiny', 0) / 'result.json').read_bytes()
    bench.write()
    with pytest.raises(ValueError) as refused:
        bench.run()
    report_of_finished = write_report(bench.suite(), bench.work_dir)
    outcome = bench.run(redo=True)
    assert (bench.folder('tiny', 0) / 'result.json').read_bytes() == before
    return str(refused.value), report_of_finished, outcome


def test_a_worker_ends_with_its_tool(bench, killed):
    assert len(killed) == 1
    wait_for(lambda: not processes_in(bench.folder('tiny', 0)), 30)
    assert not (bench.folder('tiny', 0) / 'result.json').exists()


def test_a_killed_run_goes_on(bench, resumed):
    folder = bench.folder('tiny', 0)
    result = json.loads((folder / 'result.json').read_text())
    assert result['resumed'] is True
    # the interrupted one, and the killed one
    log = (folder / 'log.txt').read_text()
    assert log.count(RESUMED) == 2
    fresh = bench.folder('tiny', 1)
    assert json.loads((fresh / 'result.json').read_text())['resumed'] is False
    # the weights remain, what a resume needs does not
    assert [path.name for path in fresh.rglob('*.pth')] == ['weights.pth']


def test_a_failing_row_is_told_and_stops_nothing(bench, resumed):
    failures, lines = resumed
    assert [failure.what for failure in failures] == [
        'Broken, seed 0', 'Broken, seed 1']
    text = str(failures[0])
    assert 'ended with status 1' in text
    assert str(bench.folder('broken', 0) / 'log.txt') in text
    assert 'nowhere.txt' in text
    # seed by seed
    starts = [line.split(': ')[0] for line in lines
              if line.endswith('log.txt') and line.startswith('[')]
    assert starts == ['[1/4] seed 0, Tiny', '[2/4] seed 0, Broken',
                      '[3/4] seed 1, Tiny', '[4/4] seed 1, Broken']
    assert any('to go' in line for line in lines)


def test_finished_runs_are_not_repeated(bench, resumed, corrected):
    _, _, (failures, lines) = corrected
    assert not failures
    assert '[1/4] seed 0, Tiny: finished already' in lines
    assert '[3/4] seed 1, Tiny: finished already' in lines
    assert bench.folder('broken', 0).joinpath('result.json').exists()


def test_changed_settings_are_not_mixed(bench, corrected):
    refused, report, _ = corrected
    assert str(bench.folder('broken', 1)) in refused
    assert "ann_file was 'nowhere.txt', is ''" in refused
    assert '--redo' in refused
    assert str(bench.folder('tiny', 0)) not in refused
    # nothing of the broken row was finished, so there is nothing to mix
    assert '| Broken | - (n=0 of 2) |' in report.text


def test_tables_hold_the_runs_numbers(bench, corrected):
    report = write_report(bench.suite(), bench.work_dir)
    folder = bench.work_dir / 'tiny_suite'
    assert set(report.files) == {folder / name for name in (
        'table.csv', 'runs.csv', 'tables.md', 'tables.tex',
        'phase_fractions.png')}
    with open(folder / 'table.csv') as file:
        rows = {row['model']: row for row in csv.DictReader(file)}
    for name, title in (('tiny', 'Tiny'), ('broken', 'Broken')):
        values = np.array([
            json.loads((bench.folder(name, seed) / 'result.json').read_text())
            ['metrics']['mIoU'] for seed in (0, 1)])
        row = rows[title]
        assert float(row['mIoU (%)']) == pytest.approx(values.mean())
        assert float(row['mIoU (%) std']) == pytest.approx(values.std(ddof=1))
        assert row['mIoU (%) n'] == '2'
        assert float(row['parameters (M)']) > 0
        assert float(row['time per image (ms)']) > 0
    # one architecture
    assert rows['Tiny']['GFLOPs'] == rows['Broken']['GFLOPs']
    with open(folder / 'runs.csv') as file:
        runs = list(csv.DictReader(file))
    assert [(run['row'], run['seed']) for run in runs] == [
        ('tiny', '0'), ('tiny', '1'), ('broken', '0'), ('broken', '1')]
    assert {run['resumed'] for run in runs[1:]} == {'False'}
    assert all('4 images' in run['data'] for run in runs)
    assert 'Last checkpoint' in report.text
    assert '4 images to train, 2 to test' in report.text
    assert 'torch' in report.text


def test_other_data_are_noticed(bench, corrected):
    path = bench.folder('broken', 1) / 'result.json'
    text = path.read_text()
    result = json.loads(text)
    result['data']['test']['fingerprint'] = 'another'
    path.write_text(json.dumps(result))
    try:
        report = write_report(bench.suite(), bench.work_dir)
    finally:
        path.write_text(text)
    assert 'These do not compare: the files differ' in report.text


def test_a_part(bench, corrected):
    failures, lines = bench.run(rows=['broken'], seeds=[1])
    assert not failures
    assert lines == ['[1/1] seed 1, Broken: finished already']
    for part, sentence in ((dict(rows=['none']), 'no row none; there are '
                            'tiny, broken'),
                           (dict(seeds=[7]), 'no seed 7; there are 0, 1')):
        with pytest.raises(ValueError, match=sentence):
            bench.run(**part)


def test_two_tools_share_a_suite(bench, corrected):
    suite = bench.suite()
    job = list_runs(suite, bench.work_dir)[0][0].job
    with job.claimed() as mine:
        assert mine
        _, lines = bench.run(rows=['tiny'], seeds=[0])
    assert lines == [
        '[1/1] seed 0, Tiny: left to the process that is at it']


@pytest.fixture
def tool(bench, monkeypatch, capsys):
    """Return a function that runs the tool in this process."""
    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', [
            'benchmark.py', *map(str, arguments), '--work-dir',
            str(bench.work_dir)])
        reason = None
        try:
            runpy.run_path(str(bench.repository / 'tools/benchmark.py'),
                           run_name='__main__')
        except SystemExit as end:
            reason = end.code
        return capsys.readouterr().out, reason
    return run


def test_tool(bench, corrected, tool):
    out, reason = tool(bench.path, '--tables-only')
    assert reason is None
    assert '| model | mIoU (%) | error (%p) | parameters (M) |' in out
    assert f'Wrote {bench.work_dir}' in out
    assert tool(bench.path, '--quick')[1].strip() == (
        f'{bench.path} has no quick budget')
    assert 'no suite file nowhere.py' in tool('nowhere.py')[1]
    assert tool(bench.path, '--data-root', 'nowhere')[1].strip() == (
        'There is no data folder nowhere. Another one: --data-root DIR. '
        'Make some.')


def test_a_misspelt_column_costs_no_run(bench, corrected, tool):
    bench.write(mIoU='MIoU')
    out, reason = tool(bench.path)
    assert "no number 'MIoU'; it has aAcc, mIoU" in reason
    assert out.count('finished already') == 4
    bench.write()


def test_a_config_that_cannot_be_read(bench, corrected):
    bad = bench.here / 'bad.py'
    bad.write_text("raise ImportError('install it')")
    bench.write(**{"'Broken', config=config":
                   f"'Broken', config={str(bad)!r}"})
    runs, failures = list_runs(bench.suite(), bench.work_dir)
    assert [(run.row.title, run.seed) for run in runs] == [
        ('Tiny', 0), ('Tiny', 1)]
    assert str(failures['broken']) == (
        f'Broken: {bad} cannot be read: install it')
    # what was finished is still shown, and said to be unchecked
    report = write_report(bench.suite(), bench.work_dir)
    assert 'Settings not checked: Broken: ' in report.text
    assert report.text.count('n=') == 0
    bench.write()


def test_every_row_gets_the_same_time(bench, corrected, tmp_path):
    """What is not timed is not run; a cheaper step is taken more often."""
    path = bench.here / 'timed_suite.py'
    path.write_text(bench.path.read_text() + """
equal_time = dict(row='tiny', steps=20)
rows['broken']['cfg_options'] = {'train_dataloader.batch_size': 6}
""")
    suite = read_suite(path)
    runs, failures = list_runs(suite, tmp_path)
    assert {run.row.name for run in runs} == {'tiny'}
    assert 'have not been timed' in str(failures['broken'])
    lines = []
    run_suite(suite, tmp_path, rows=['broken'], seeds=[], echo=lines.append)
    assert lines[0].startswith('Steps of Broken beside those of Tiny')
    timed = json.loads(
        (tmp_path / 'timed_suite/_steps/broken/result.json').read_text())
    assert timed['ratio'] > 1
    runs, failures = list_runs(suite, tmp_path)
    steps = {run.row.name: run.job.cfg.train_cfg.max_iters for run in runs}
    assert steps == dict(tiny=20, broken=int(20 / timed['ratio']))
    assert not failures
    # the same steps when it goes on
    run_suite(suite, tmp_path, rows=['broken'], seeds=[], echo=lines.append)
    assert sum(line.startswith('Steps of') for line in lines) == 1
    # a changed setting does not cost the time that runs began by
    path.write_text(path.read_text().replace('_size\': 6', '_size\': 5'))
    with pytest.raises(ValueError, match='other settings'):
        run_suite(read_suite(path), tmp_path, ['broken'], [], echo=print)
    assert list_runs(suite, tmp_path)[1] == {}
