"""Several jobs at once, on this machine."""
import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Optional

from .claimed import Stopped, run_claimed
from .command import STOPPED
from .executor import Ended, Job, no_news

PAUSE = 1.0  # seconds between two calls while a job is waited for


class ProcessesExecutor:
    """Does each job in a process of its own, see :class:`.Executor`.

    Args:
        slots: How many at once.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._ended: queue.Queue[Ended | BaseException] = queue.Queue()
        self._stopped = threading.Event()
        self._asked: dict[Path, tuple[Callable[[], bool],
                                      threading.Event]] = {}
        # they wait for processes
        self._threads = ThreadPoolExecutor(slots)

    def share(self, written: Iterable[Path], read: Iterable[Path]) -> None:
        """It is the same machine."""

    def start(self, job: Job, tell: Callable[[str], None],
              stop: Optional[Callable[[], bool]] = None) -> None:
        """Begin a job, once its claim is given up."""
        job.begin()
        tell(str(job.command.log))
        unwanted = threading.Event()
        if stop is not None:
            self._asked[job.folder] = stop, unwanted
        self._threads.submit(self._do, job, unwanted)

    def _do(self, job: Job, unwanted: threading.Event) -> None:
        try:
            ended = Ended(job, run_claimed(
                job.command, job.lock, job.done,
                lambda: self._stopped.is_set() or unwanted.is_set()))
        except Stopped:
            if self._stopped.is_set():
                return
            ended = Ended(job, STOPPED)
        except BaseException as error:
            ended = error
        self._ended.put(ended)

    def wait(self, idle: Callable[[], None] = no_news) -> Ended:
        """Wait until a job has ended.

        Args:
            idle: Called again and again meanwhile.

        Raises:
            Exception: What kept a job from being run, such as an OSError.
        """
        while True:
            for stop, unwanted in self._asked.values():
                if not unwanted.is_set() and stop():
                    unwanted.set()
            try:
                ended = self._ended.get(timeout=PAUSE)
            except queue.Empty:
                idle()
                continue
            if isinstance(ended, BaseException):
                raise ended
            self._asked.pop(ended.job.folder, None)
            return ended

    def __enter__(self) -> 'ProcessesExecutor':
        return self

    def __exit__(self, *_: object) -> None:
        """End what is under way."""
        self._stopped.set()
        self._threads.shutdown(cancel_futures=True)
