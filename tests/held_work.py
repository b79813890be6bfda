"""Jobs for executors, each a process of cluster_work.py, until let go."""
import json
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmseg_ext.basics import FileLock, write_atomically
from mmseg_ext.basics.executors import Command


@dataclass(frozen=True)
class Work:
    """A job of cluster_work.py; the folder has the file 'hold': it waits."""
    folder: Path

    lock = property(lambda self: self.folder / 'lock')
    begun = property(lambda self: self.folder / 'begun')
    done = property(lambda self: self.folder / 'result.json')
    log = property(lambda self: self.folder / 'log')
    command = property(lambda self: Command(
        'cluster_work', (str(self.folder), ), self.log))

    def holder(self):
        """Return the process id of the worker that is at it."""
        words = FileLock(self.lock).holder()
        return int(re.search(r'process (\d+)', words)[1])

    def begin(self):
        write_atomically(self.begun, 'settings')

    def execute(self, stop=None):
        self.begin()
        return self.command.run(stop)

    @contextmanager
    def claimed(self):
        lock = FileLock(self.lock, keep=True)
        try:
            yield lock.acquire()
        finally:
            lock.release()

    def last_words(self):
        return self.command.last_words(8)

    def result(self):
        return json.loads(self.done.read_text()) if self.done.exists() else (
            None)

    def pids(self):
        path = self.folder / 'pids'
        return path.read_text().split() if path.exists() else []


def new_job(name, **files):
    folder = Path('out', name)
    folder.mkdir(parents=True)
    for file in files:
        (folder / file).touch()
    return Work(folder)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_gone(pid):
    status = Path(f'/proc/{pid}/status')
    return not status.exists() or 'State:\tZ' in status.read_text()


def take_all(executor, number):
    return {ended.job.folder.name: ended.reason
            for ended in (executor.wait() for _ in range(number))}


def check_unwanted(executor):
    """One job is ended when nobody wants it, and leaves another alone."""
    job, other = new_job('job', hold=1), new_job('other', hold=1)
    executor.start(job, lambda line: None, lambda: bool(job.pids()))
    executor.start(other, lambda line: None, lambda: False)
    ended = executor.wait()
    assert (ended.job, ended.reason) == (job, 'was stopped')
    wait_for(lambda: is_gone(job.pids()[0]))
    (other.folder / 'hold').unlink()
    assert take_all(executor, 1) == dict(other=None)
    # its worker lets go of the lock once the process has ended
    wait_for(FileLock(job.lock, keep=True).acquire)
