"""What takes jobs, and says which have ended."""
import argparse
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Protocol

from .command import Command


class Job(Protocol):
    """Work with a folder of its own, which only one process does at a time.

    Attributes:
        folder: Where it is done, and where what comes out is written.
        command: What does it, once it has begun.
        lock: File in the folder; :class:`~mmseg_ext.basics.FileLock`.
        begun: File in the folder that tells what it began with.
        done: File in the folder, written when all is done.
    """
    folder: Path
    command: Command
    lock: Path
    begun: Path
    done: Path

    def begin(self) -> None:
        """Note what it begins with, unless it has begun before."""

    def execute(self, stop: Optional[Callable[[], bool]] = None
                ) -> Optional[str]:
        """Begin and do it here; return why it is not done, None if it is.

        Args:
            stop: Asked now and then whether to end it; None: never.
        """


@dataclass(frozen=True)
class Ended:
    """A job that has ended.

    Attributes:
        job: The job.
        reason: Why it is not done; None if it is.
        lost: That is no fault of the job's: done again, it may well end.
    """
    job: Job
    reason: Optional[str]
    lost: bool = False


def no_news() -> None:
    """Say nothing while jobs are waited for."""


class Executor(Protocol):
    """Does jobs; leaving it as a context ends those that are under way.

    ::

        with open_executor(address) as executor:
            executor.share(folders_of_results, data_folders)
            with job.claimed():
                executor.start(job, print)
            ended = executor.wait()

    Attributes:
        slots: How many jobs it does at once, at present.
    """
    slots: int

    def share(self, written: Iterable[Path], read: Iterable[Path]) -> None:
        """Make sure that jobs find these folders.

        Args:
            written: Folders of results, which are made.
            read: Other folders.

        Raises:
            RuntimeError: If they do not.
        """

    def start(self, job: Job, tell: Callable[[str], None],
              stop: Optional[Callable[[], bool]] = None) -> None:
        """Begin a job, which is claimed while this is called.

        Args:
            job: It.
            tell: Called with its log, and where it is done, when that is
                known.
            stop: Asked now and then whether to end it, by the thread that
                starts and waits; None: never.
        """

    def wait(self, idle: Callable[[], None] = no_news) -> Ended:
        """Wait until a job that was started has ended.

        Args:
            idle: May be called again and again meanwhile.
        """

    def __enter__(self) -> 'Executor':
        """Return itself."""

    def __exit__(self, *_: object) -> None:
        """End what is under way."""


def open_executor(address: Optional[str] = None,
                  tell: Callable[[str], None] = print,
                  processes: int = 1) -> Executor:
    """Return what does jobs.

    Args:
        address: Of the scheduler of a Dask cluster, or the file that it
            writes for that; None: they are done here.
        tell: Called with lines on the cluster.
        processes: How many are done here at once.

    Raises:
        ConnectionError: If nothing answers there.
        ImportError: If distributed is missing.
        OSError: If this machine's system has no processes as they need.
    """
    if address is None and processes > 1:
        if os.name != 'posix':
            raise OSError('Several processes at once need Linux or macOS')
        from .processes import ProcessesExecutor

        return ProcessesExecutor(processes)
    if address is None:
        from .local import LocalExecutor

        return LocalExecutor()
    from .cluster import ClusterExecutor

    return ClusterExecutor(address, tell)


def add_scheduler_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option of the tools that hand jobs to a cluster.

    Args:
        parser: Of the tool.
        what: The jobs, in words.
    """
    parser.add_argument(
        '--scheduler', metavar='ADDRESS', help='scheduler of a running Dask '
        'cluster, such as tcp://10.0.0.1:8786, or its scheduler file: its '
        f'workers do {what}, in folders that they share with this machine '
        '(default: this machine does)')
