"""Jobs that the workers of a Dask cluster do."""
import asyncio
import os
import queue
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from ..extras import require_extra
from ..files import sha256
from ..printable import counted
from .command import STOPPED
from .executor import Ended, Job, no_news
from .on_worker import Outcome, Task, check_worker, do_task
from .places import SharedFolders, await_file

TIMEOUT = 20  # seconds for a scheduler to answer
PAUSE = 1.0  # seconds between two looks at the cluster
RETRIES = 2  # of a job whose worker was lost
PATIENCE = 20  # seconds for workers to end what they are at
# What a job computes depends on; all else is the worker's own.
VARIABLES = ('PYTHONPATH', )


@dataclass
class _UnderWay:
    """A job that was handed over.

    Attributes:
        job: The job.
        tell: Called with where it is done.
        task: As it travels.
        stop: Asked now and then whether to end it; None: never.
        stopped: Whether that has said so.
        future: Dask's; its key is that of the events.
        starts: How often it was begun.
        worker: Who began it last, in words.
        at_work: Whether a worker is at it, as far as is known.
        among: Addresses of the workers that may do it; empty: any.
    """
    job: Job
    tell: Callable[[str], None]
    task: Task
    stop: Optional[Callable[[], bool]] = None
    stopped: bool = False
    future: object = None
    starts: int = 0
    worker: str = ''
    at_work: bool = False
    among: tuple[str, ...] = ()


class ClusterExecutor:
    """Hands jobs to a Dask cluster, see :class:`.Executor`.

    A job is a process of a worker's, in the job's own folder, which the
    workers share with this machine. Dask chooses the worker, and gives the
    job to another one if that is lost.

    Args:
        address: Of the scheduler, or its scheduler file.
        tell: Called with lines on the cluster.

    Raises:
        ConnectionError: If nothing answers there.
        ImportError: If distributed is missing.
    """

    def __init__(self, address: str, tell: Callable[[str], None]) -> None:
        require_extra('distributed', 'cluster')
        self._address, self._tell = address, tell
        self._client = _connect(address)
        self._shared = SharedFolders()
        self._topic = f'mmseg_ext-{uuid.uuid4().hex}'
        self._events: queue.Queue[dict] = queue.Queue()
        self._client.subscribe_topic(
            self._topic, lambda event: self._events.put(event[1]))
        self._jobs: dict[str, _UnderWay] = {}
        self._unfit: set[str] = set()  # addresses
        self._alone = False

    @property
    def slots(self) -> int:
        """Threads of all workers; 1 while there is none."""
        return max(1, sum(worker['nthreads'] for address, worker
                          in self._workers().items()
                          if address not in self._unfit))

    def share(self, written: Iterable[Path], read: Iterable[Path]) -> None:
        """Let every worker look for folders; wait for the first worker.

        Args:
            written: Folders of results, which are made.
            read: Other folders; the present one is looked for, too.

        Raises:
            RuntimeError: If one does not see one, sees no locks there, or
                has other versions.
        """
        self._shared.add(written, [Path.cwd(), *read])
        self._await_worker()
        try:
            found = self._client.run(
                check_worker, self._shared.places(), on_error='return')
        except ImportError as error:
            raise RuntimeError(
                f'A worker of {self._address} fails at the first question '
                f'({error}): start it in an environment that has this '
                'mmseg_ext') from error
        faults = []
        for address, answer in found.items():
            if isinstance(answer, BaseException):
                faults.append(
                    f'{address} fails at the first question '
                    f'({type(answer).__name__}: {answer}): start it in an '
                    'environment that has this mmseg_ext')
            elif answer[1]:
                faults.append(f'{address} on {" ".join(answer)}')
        if faults:
            raise RuntimeError('Not all workers of the cluster can do it. '
                               'The worker ' + '.\nThe worker '.join(faults))

    def start(self, job: Job, tell: Callable[[str], None],
              stop: Optional[Callable[[], bool]] = None) -> None:
        """Hand a job over; a worker begins once its claim is given up."""
        job.begin()
        here = Path.cwd()
        command = job.command
        under_way = _UnderWay(job, tell, Task(
            replace(command, log=here / command.log), here / job.lock,
            here / job.begun, sha256(job.begun), here / job.done, here,
            {name: os.environ[name] for name in VARIABLES
             if name in os.environ}, self._shared.places(), self._topic),
            stop)
        self._submit(under_way)

    def _submit(self, under_way: _UnderWay) -> None:
        key = f'mmseg_ext-job-{uuid.uuid4().hex}'
        workers = self._workers()
        under_way.among = (
            tuple(address for address in workers
                  if address not in self._unfit)
            if self._unfit & {*workers} else ())
        under_way.at_work = False
        under_way.future = self._client.submit(
            do_task, under_way.task, key=key, pure=False,
            workers=under_way.among or None)
        self._jobs[key] = under_way
        under_way.future.add_done_callback(lambda future: self._events.put(
            dict(event='done', key=future.key)))

    def wait(self, idle: Callable[[], None] = no_news) -> Ended:
        """Wait until a job has ended, and tell meanwhile where others are.

        Args:
            idle: May be called again and again meanwhile.

        Raises:
            ConnectionError: If the scheduler is gone.
        """
        while True:
            self._stop_unwanted()
            try:
                event = self._events.get(timeout=PAUSE)
            except queue.Empty:
                self._look()
                idle()
                continue
            under_way = self._jobs.get(event['key'])
            ended = under_way and self._take(event, under_way)
            if ended:
                return ended

    def _stop_unwanted(self) -> None:
        for under_way in self._jobs.values():
            if under_way.stop and not under_way.stopped and under_way.stop():
                under_way.stopped = True
                self._client.cancel([under_way.future], force=True)

    def _take(self, event: dict, under_way: _UnderWay) -> Ended | None:
        """Follow a job by what a worker or Dask says."""
        if event['event'] == 'started':
            if under_way.starts > RETRIES:
                self._client.cancel([under_way.future], force=True)
                return self._lost(under_way)
            where = f'{under_way.job.command.log}, on {event["where"]}'
            under_way.tell(
                f'{where}: its worker {under_way.worker} was lost, attempt '
                f'{under_way.starts + 1} of {1 + RETRIES}'
                if under_way.starts else where)
            under_way.starts += 1
            under_way.worker, under_way.at_work = event['where'], True
        elif event['event'] == 'left':
            under_way.at_work = False
        else:
            return self._end(under_way)
        return None

    def _end(self, under_way: _UnderWay) -> Ended | None:
        """Return how a job ended; None if it was begun once more."""
        future = under_way.future
        if under_way.stopped:
            return self._forget(under_way, STOPPED)
        if future.status != 'finished':
            error = (future.exception() if future.status == 'error' else
                     None)
            name = type(error).__name__
            if name == 'Stopped' and under_way.starts <= RETRIES:
                # by a worker that was being closed
                self._jobs.pop(future.key)
                self._submit(under_way)
                return None
            if name in ('KilledWorker', 'Stopped'):
                return self._lost(under_way)
            return self._forget(
                under_way, f'failed on its worker: {name}: {error}'
                if error else f'was let go by Dask ({future.status})', True)
        outcome: Outcome = future.result()
        if outcome.unfit:
            self._unfit.update(
                self._client.who_has([future])[future.key])
            under_way.starts += 1
            if under_way.starts <= RETRIES:
                under_way.tell(f'{outcome.reason}; it goes to another')
                del self._jobs[future.key]
                self._submit(under_way)
                return None
        elif outcome.reason is None:
            await_file(under_way.task.done)
        return self._forget(under_way, outcome.reason, outcome.unfit)

    def _lost(self, under_way: _UnderWay) -> Ended:
        return self._forget(
            under_way, f'lost {counted(under_way.starts, "worker")}, the '
            f'last of them {under_way.worker}', True)

    def _forget(self, under_way: _UnderWay, reason: str | None,
                lost: bool = False) -> Ended:
        del self._jobs[under_way.future.key]
        return Ended(under_way.job, reason, lost)

    def _look(self) -> None:
        """Tell when no worker is left; free jobs of workers that are gone.
        """
        if self._client.status not in ('running', 'connecting'):
            raise ConnectionError(f'The scheduler {self._address} is gone. '
                                  'Once it runs again, the same command goes '
                                  'on from here.')
        workers = {*self._workers()}
        if self._alone != (not workers):
            self._alone = not workers
            self._tell(f'No worker of {self._address} is left: waiting for '
                       'one' if self._alone else
                       f'{counted(len(workers), "worker")} again')
        for under_way in [*self._jobs.values()]:
            if under_way.among and not workers & {*under_way.among}:
                self._client.cancel([under_way.future], force=True)
                del self._jobs[under_way.future.key]
                self._submit(under_way)

    def _workers(self) -> dict[str, dict]:
        """Return address -> what the scheduler knows of a worker."""
        try:
            return self._client.scheduler_info()['workers']
        except (OSError, RuntimeError):
            return {}  # the client says soon that it is gone

    def _await_worker(self) -> None:
        if self._workers():
            return
        self._tell(f'{self._address} has no worker yet: waiting for one')
        while not self._workers():
            time.sleep(PAUSE)

    def __enter__(self) -> 'ClusterExecutor':
        return self

    def __exit__(self, *_: object) -> None:
        """End the jobs that are under way, and see that they have ended."""
        try:
            self._end_all()
        finally:
            with suppress(OSError, TimeoutError):
                self._client.close(TIMEOUT)
            self._shared.close()

    def _end_all(self) -> None:
        if not self._jobs or self._client.status != 'running':
            return
        self._client.cancel(
            [under_way.future for under_way in self._jobs.values()],
            force=True)
        end = time.monotonic() + PATIENCE
        left, quiet = [], False
        while time.monotonic() < end and (left or not quiet):
            try:
                event = self._events.get(timeout=PAUSE)
            except queue.Empty:  # nothing is on its way any more
                quiet = True
            else:
                under_way = self._jobs.get(event['key'])
                if under_way and event['event'] != 'done':
                    under_way.at_work = event['event'] == 'started'
            left = [under_way for under_way in self._jobs.values()
                    if under_way.at_work]
        for under_way in left:
            print(f'warning: {under_way.worker} has not said that it ended '
                  f'the job in {under_way.job.folder}', file=sys.stderr)


def _connect(address: str):
    """Return a client of a scheduler, by its address or its file."""
    from distributed import Client

    where = (dict(scheduler_file=address) if os.path.isfile(address) else
             dict(address=address))
    try:
        return Client(**where, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError, asyncio.TimeoutError) as error:
        raise ConnectionError(
            f'No Dask scheduler answers at {address} '
            f'({" ".join(str(error).split())}). "dask scheduler" starts one '
            'and prints its address.') from error
