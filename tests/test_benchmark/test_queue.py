"""In which order runs begin, where several are under way at once."""
import os
from dataclasses import dataclass
from pathlib import Path

import cluster_work
import pytest
from mmengine.config import Config

from mmseg_ext.basics.executors import Command, Ended, LocalExecutor
from mmseg_ext.benchmark.jobs import Job
from mmseg_ext.benchmark.queue import do_runs


class QuickJob(Job):
    """Its process is cluster_work.py."""

    @property
    def command(self):
        return Command('cluster_work', (str(self.folder), ), self.log)


@dataclass
class Run:
    job: Job

    kind = 'run'
    title = label = property(lambda self: self.job.folder.name)

    def why_not(self):
        others = [Path(os.path.normpath(self.job.folder / start))
                  for start in self.job.starts]
        return None if all(
            (other / 'result.json').is_file() for other in others
        ) else 'the other has no result'


class ThreeSlots(LocalExecutor):
    """Does the first job when it is waited for."""

    slots = 3

    def __init__(self):
        self.begun, self.under_way = [], []

    def start(self, job, tell):
        job.begin()
        self.begun.append(job.folder.name)
        self.under_way.append(job)

    def wait(self):
        job = self.under_way.pop(0)
        return Ended(job, job.command.run())


@pytest.fixture
def new_run(tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join([
        str(Path(cluster_work.__file__).parent),
        os.environ.get('PYTHONPATH', '')]))

    def new_run(name, *starts):
        return Run(QuickJob('run', tmp_path / name, Config(), starts))
    return new_run


def test_what_starts_from_another_waits_for_it(new_run, tmp_path):
    names = {'teacher': (), 'student': ('../teacher', ), 'other': (),
             'grandson': ('../student', ), 'broken': (),
             'heir': ('../broken', ), 'last': ()}
    runs = [new_run(*name) for name in (
        (name, *starts) for name, starts in names.items())]
    (tmp_path / 'broken').mkdir()
    (tmp_path / 'broken/broken').touch()
    executor, lines = ThreeSlots(), []
    failures = do_runs(runs, runs, False, lines.append, lambda result: (),
                       executor)
    assert executor.begun == ['teacher', 'other', 'broken', 'student', 'last',
                              'grandson']
    assert [(failure.what, failure.reason) for failure in failures] == [
        ('broken', 'ended with status 3'),
        ('heir', 'the other has no result')]
    assert '[4/7] grandson: done in 1 s' in lines
    assert any(line.endswith(' to go') for line in lines)


def test_without_an_executor_one_after_the_other(new_run):
    runs = [new_run('b', '../a'), new_run('a')]
    lines = []
    failures = do_runs(runs, runs, False, lines.append, lambda result: ())
    assert [failure.what for failure in failures] == ['b']  # stands before a
    assert not do_runs(runs, runs, False, lines.append, lambda result: ())
    assert lines[-3:] == [f'[1/2] b: {runs[0].job.log}',
                          '[1/2] b: done in 1 s',
                          '[2/2] a: finished already']
