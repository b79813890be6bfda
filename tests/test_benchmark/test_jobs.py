"""A job's folder: what is done, what has changed, who is at it."""
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from mmengine.config import Config

import mmseg_ext
from mmseg_ext.basics import write_atomically
from mmseg_ext.benchmark.jobs import Job
from mmseg_ext.benchmark.machine import describe_machine

SETTINGS = dict(
    size=(2, 3), steps=[dict(type='A', p=0.5), dict(type='B')], none=None,
    models={'with-b0': {'x.y': 1e-3}}, empty=[], note="it's")


@pytest.fixture
def job(tmp_path):
    job = Job('run', tmp_path / 'a b' / 'job', Config(SETTINGS))
    job.folder.mkdir(parents=True)
    return job


def begun_with(job, **changes):
    cfg = Config({**SETTINGS, **changes})
    write_atomically(job.folder / 'config.py', cfg.pretty_text)
    return job.changes()


def test_nothing_has_changed(job):
    assert job.changes() == []  # not begun
    assert begun_with(job) == []
    assert begun_with(job, size=[2, 3]) == []


def test_changes_are_named(job):
    assert begun_with(job, size=(2, 4)) == ['size.1 was 4, is 3']
    assert begun_with(job, steps=[dict(type='A', p=0.25)]) == [
        'steps.0.p was 0.25, is 0.5',
        "steps.1.type was not there, is 'B'"]
    assert begun_with(job, models={'with-b0': {'x.y': 1e-4}}) == [
        'models.with-b0.x.y was 0.0001, is 0.001']
    assert begun_with(job, empty=[1], more={}) == [
        'empty was not there, is []', 'empty.0 was 1, is not there',
        'more was {}, is not there']


def test_what_it_starts_from_was_done_anew(job):
    teacher = job.folder.parent / 'teacher'
    teacher.mkdir()

    def finish(moment):
        (teacher / 'result.json').write_text(f'{{"started": "{moment}"}}')

    job = replace(job, starts=('../teacher', ))
    finish('2026-01-01')
    job.begin()
    assert job.changes() == []
    finish('2026-01-02')
    assert job.changes() == [
        '../teacher, from which it began, was done anew']
    job.begin()  # goes on
    assert job.changes()
    job.clear()
    job.begin()
    assert job.changes() == []
    (teacher / 'result.json').unlink()  # to save room
    assert job.changes() == []
    finish('2026-01-03')
    (job.folder / 'starts.json').unlink()  # of an earlier version
    assert job.changes() == []


def test_one_at_a_time(job):
    assert not job.busy()
    with job.claimed() as mine:
        assert mine
        assert job.busy()
        with job.claimed() as theirs:
            assert not theirs
    assert not job.busy()


def test_clear_keeps_the_claim(job):
    begun_with(job)
    (job.folder / 'result.json').write_text('{"x": 1}')
    (job.folder / 'work').mkdir()
    (job.folder / 'work/file').touch()
    assert job.result() == dict(x=1)
    with job.claimed():
        job.clear()
        assert job.busy()
    assert [path.name for path in job.folder.iterdir()] == ['lock']
    assert job.result() is None


def test_last_words(job):
    assert job.last_words() == []
    job.log.write_bytes(b'one\n\ntwo\n\xff\nthree\n')
    assert job.last_words(2) == ['\ufffd', 'three']


def test_machine():
    machine = describe_machine()
    assert machine['mmseg_ext'] == mmseg_ext.__version__
    assert all(isinstance(text, str) for text in machine.values())
    assert machine['device']
    here = Path(mmseg_ext.__file__).parent
    commit = subprocess.run(
        ['git', 'rev-parse', 'HEAD'], cwd=here, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
    if not commit:
        pytest.skip('mmseg_ext is not in a checkout')
    assert commit.startswith(machine['commit'].rstrip('+'))
    assert len(machine['commit'].rstrip('+')) == 12
