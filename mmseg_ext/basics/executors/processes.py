"""Several jobs at once, on this machine."""
import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .claimed import Stopped, run_claimed
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
        # they wait for processes
        self._threads = ThreadPoolExecutor(slots)

    def share(self, written: Iterable[Path], read: Iterable[Path]) -> None:
        """It is the same machine."""

    def start(self, job: Job, tell: Callable[[str], None]) -> None:
        """Begin a job, once its claim is given up."""
        job.begin()
        tell(str(job.command.log))
        self._threads.submit(self._do, job)

    def _do(self, job: Job) -> None:
        try:
            ended = Ended(job, run_claimed(
                job.command, job.lock, job.done, self._stopped.is_set))
        except Stopped:
            return
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
            try:
                ended = self._ended.get(timeout=PAUSE)
            except queue.Empty:
                idle()
                continue
            if isinstance(ended, BaseException):
                raise ended
            return ended

    def __enter__(self) -> 'ProcessesExecutor':
        return self

    def __exit__(self, *_: object) -> None:
        """End what is under way."""
        self._stopped.set()
        self._threads.shutdown(cancel_futures=True)
