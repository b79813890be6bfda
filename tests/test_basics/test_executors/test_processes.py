"""Jobs that several processes of this machine do, some of them killed."""
import os
import signal
import threading
from pathlib import Path

import pytest
from held_work import check_unwanted, is_gone, new_job, take_all, wait_for

from mmseg_ext.basics import FileLock
from mmseg_ext.basics.executors import open_executor


@pytest.fixture
def executor(here):
    with open_executor(processes=2) as executor:
        executor.share([Path('out')], [here])
        yield executor


def test_as_many_at_once_as_asked_for(executor):
    jobs = [new_job('a', hold=1), new_job('b', hold=1),
            new_job('c', broken=1)]
    lines = []
    assert executor.slots == 2
    for job in jobs:
        executor.start(job, lines.append)
    wait_for(lambda: jobs[0].pids() and jobs[1].pids())
    assert not jobs[2].pids()
    for job in jobs[:2]:
        (job.folder / 'hold').unlink()
    assert take_all(executor, 3) == dict(
        a=None, b=None, c='ended with status 3')
    assert lines == [f'out/{name}/log' for name in 'abc']


def test_one_that_is_killed_is_told(executor):
    job, other = new_job('job', hold=1), new_job('other')
    executor.start(job, lambda line: None)
    executor.start(other, lambda line: None)
    wait_for(job.pids)
    os.kill(int(job.pids()[0]), signal.SIGKILL)
    assert take_all(executor, 2) == dict(
        other=None, job='was ended by SIGKILL, as a process is that takes '
        'too much memory')


def test_what_another_process_is_at_is_waited_for(executor):
    job = new_job('job')
    lock = FileLock(job.lock, keep=True)
    assert lock.acquire()
    executor.start(job, lambda line: None)

    def finish() -> None:
        if not job.done.exists():
            job.done.touch()
            lock.release()

    assert executor.wait(finish).reason is None
    assert not job.pids()


def test_one_that_nobody_wants_any_more(executor):
    check_unwanted(executor)


def test_an_interruption_leaves_no_process(here):
    job, waiting = new_job('job', hold=1), new_job('waiting', hold=1)
    with pytest.raises(KeyboardInterrupt), open_executor(
            processes=2) as executor:
        for work in (job, waiting, new_job('later')):
            executor.start(work, lambda line: None)
        threading.Thread(target=lambda: (
            wait_for(lambda: job.pids() and waiting.pids()),
            os.kill(os.getpid(), signal.SIGINT))).start()
        executor.wait()
    assert all(map(is_gone, job.pids() + waiting.pids()))
    assert not Path('out/later/pids').exists()
    assert FileLock(job.lock, keep=True).acquire()


def test_a_process_that_cannot_be_started_is_an_error(executor):
    job = new_job('job')
    (job.folder / 'log').mkdir()
    executor.start(job, lambda line: None)
    with pytest.raises(IsADirectoryError):
        executor.wait()
