"""Jobs one after the other, on this machine."""
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Optional

from .executor import Ended, Job, no_news


class LocalExecutor:
    """Does a job while it is started, see :class:`.Executor`."""

    slots = 1

    def __init__(self) -> None:
        self._ended: list[Ended] = []

    def share(self, written: Iterable[Path], read: Iterable[Path]) -> None:
        """It is the same machine."""

    def start(self, job: Job, tell: Callable[[str], None],
              stop: Optional[Callable[[], bool]] = None) -> None:
        """Do a job."""
        tell(str(job.command.log))
        self._ended.append(Ended(job, job.execute(stop)))

    def wait(self, idle: Callable[[], None] = no_news) -> Ended:
        """Return the job that was done first."""
        return self._ended.pop(0)

    def __enter__(self) -> 'LocalExecutor':
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is under way."""
