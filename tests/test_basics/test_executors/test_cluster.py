"""Jobs on a real cluster, whose workers are killed in the middle."""
import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from held_work import check_unwanted, is_gone, new_job, take_all, wait_for
from loopback_cluster import LoopbackCluster

from mmseg_ext.basics import FileLock
from mmseg_ext.basics.executors import cluster, open_executor, places

pytest.importorskip('distributed', reason='needs the extra cluster')


@pytest.fixture(scope='module')
def loopback(tmp_path_factory):
    loopback = LoopbackCluster(tmp_path_factory.mktemp('cluster'))
    loopback.add()
    loopback.add()
    yield loopback
    loopback.close()


@pytest.fixture
def executor(loopback, here):
    with open_executor(loopback.address) as executor:
        executor.share([Path('out')], [here])
        yield executor


def test_all_workers_work_and_a_broken_job_is_no_lost_worker(executor):
    jobs = [new_job('a', hold=1), new_job('b', hold=1),
            new_job('c', broken=1)]
    lines = []
    assert executor.slots == 2
    for job in jobs:
        executor.start(job, lines.append)
    wait_for(lambda: jobs[0].pids() and jobs[1].pids())  # at once
    for job in jobs[:2]:
        (job.folder / 'hold').unlink()
    assert take_all(executor, 3) == dict(
        a=None, b=None, c='ended with status 3')
    assert [len(job.pids()) for job in jobs] == [1, 1, 1]
    assert json.loads(jobs[0].done.read_text())['folder'] == 'out/a'
    assert (jobs[0].folder / 'log').read_text() == 'at work\n'
    assert len(lines) == 3 and all(
        re.fullmatch(r'out/./log, on \S+ \(process \d+\)', line)
        for line in lines)


def test_a_lost_worker_is_told_and_its_job_done_by_another(
        executor, loopback):
    lost, other = new_job('lost', hold=1), new_job('other', hold=1)
    lines = []
    executor.start(lost, lines.append)
    executor.start(other, lambda line: None)
    wait_for(lambda: lost.pids() and other.pids())
    loopback.add()
    holder = lost.holder()
    os.kill(holder, signal.SIGKILL)
    wait_for(lambda: len(lost.pids()) == 2)  # while the other holds a worker
    assert is_gone(lost.pids()[0])
    for job in (lost, other):
        (job.folder / 'hold').unlink()
    assert take_all(executor, 2) == dict(lost=None, other=None)
    assert len(other.pids()) == 1
    assert f'(process {holder}) was lost, attempt 2 of 3' in lines[-1]


def test_a_job_that_loses_every_worker_is_reported(
        executor, loopback, monkeypatch):
    monkeypatch.setattr(cluster, 'RETRIES', 0)
    job = new_job('unlucky', hold=1)
    executor.start(job, lambda line: None)
    wait_for(job.pids)
    holder = job.holder()
    os.kill(holder, signal.SIGKILL)
    ended = executor.wait()
    assert re.fullmatch(
        rf'lost 1 worker, the last of them \S+ \(process {holder}\)',
        ended.reason)
    assert ended.lost
    loopback.add()
    wait_for(lambda: all(map(is_gone, job.pids())))
    wait_for(lambda: executor.slots == 2)


def test_one_that_nobody_wants_any_more(executor):
    check_unwanted(executor)


def test_an_interruption_leaves_no_process(loopback, here):
    job, waiting = new_job('job', hold=1), new_job('waiting')
    lock = FileLock(waiting.lock, keep=True)
    assert lock.acquire()
    with pytest.raises(KeyboardInterrupt), open_executor(
            str(loopback.file)) as executor:  # its address by another name
        executor.share([Path('out')], [])
        executor.start(job, lambda line: None)
        executor.start(waiting, lambda line: threading.Thread(
            target=lambda: (wait_for(job.pids), os.kill(
                os.getpid(), signal.SIGINT))).start())
        executor.wait()
    assert all(map(is_gone, job.pids())) and not waiting.pids()
    assert not [*Path('out').glob('.*')]  # no token is left
    assert FileLock(job.lock, keep=True).acquire()
    lock.release()


CLIENT = """
import sys
from pathlib import Path

from mmseg_ext.basics.executors import open_executor
from held_work import Work

with open_executor(sys.argv[1]) as executor:
    executor.share([Path('out')], [])
    executor.start(Work(Path('out/job')), print)
    executor.wait()
"""


def test_a_killed_client_leaves_no_process(loopback, here):
    job = new_job('job', hold=1)
    client = subprocess.Popen(
        [sys.executable, '-c', CLIENT, loopback.address])
    wait_for(lambda: job.pids() or client.poll() is not None)
    assert client.poll() is None
    client.kill()
    client.wait()
    wait_for(lambda: is_gone(job.pids()[0]))
    assert not job.done.exists()


def test_what_another_process_is_at_is_waited_for(executor):
    finished, changed = new_job('finished'), new_job('changed')
    locks = [FileLock(job.lock, keep=True) for job in (finished, changed)]
    lines = []
    for job, lock in zip((finished, changed), locks):
        assert lock.acquire()
        executor.start(job, lines.append)
    threading.Timer(0.5, lambda: (
        finished.done.touch(), changed.begun.write_text('others'),
        [lock.release() for lock in locks])).start()
    assert take_all(executor, 2) == dict(
        finished=None,
        changed='another process began it with other settings')
    assert not finished.pids() and not changed.pids()


def test_workers_that_see_other_folders_are_named(executor, monkeypatch):
    token, = Path('out').glob('.*')
    content = token.read_bytes()
    token.write_bytes(b'of another machine')
    workers = r'The worker tcp://\S+ on \S+ \(process \d+\) '
    with monkeypatch.context() as patch:
        patch.setattr(places.SharedFolders, 'places', lambda self, original=(
            places.SharedFolders.places): replace(original(self), tokens={
                str(token.parent): (token.name, content)}))
        with pytest.raises(RuntimeError, match=f'(?s){workers}cannot see out,'
                           f'.*{workers}cannot see out,'):
            executor.share([], [])


def test_workers_of_other_versions_are_named(executor, monkeypatch):
    monkeypatch.setattr(places, 'read_versions', lambda: dict(
        mmseg_ext='0.0.1', torch='2'))
    with pytest.raises(RuntimeError, match=r'\(process \d+\) has '
                       r'mmseg_ext \S+, and this machine 0\.0\.1'):
        executor.share([], [])


def test_no_scheduler_is_a_sentence(monkeypatch):
    monkeypatch.setattr(cluster, 'TIMEOUT', 0.5)
    with pytest.raises(ConnectionError, match='No Dask scheduler answers at'):
        open_executor('tcp://127.0.0.1:9')
