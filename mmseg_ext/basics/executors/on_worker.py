"""What runs in the workers of a Dask cluster."""
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..files import sha256
from .claimed import run_claimed
from .command import Command
from .places import Places, await_file, describe_worker


@dataclass(frozen=True)
class Task:
    """A job as it travels: paths and words.

    Attributes:
        command: What does it.
        lock: File that keeps others from it.
        begun: File that tells what it began with.
        digest: SHA-256 of that file.
        done: File that is there once it is done.
        folder: The client's working directory, which relative paths in
            configs are seen from.
        environment: Variables of the client that the job is to have.
        places: What the worker must see.
        topic: Of the events that tell the client.
    """
    command: Command
    lock: Path
    begun: Path
    digest: str
    done: Path
    folder: Path
    environment: dict[str, str]
    places: Places
    topic: str


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        reason: Why the job is not done; None if it is.
        unfit: Whether that is the worker's fault, not the job's.
    """
    reason: Optional[str]
    unfit: bool = False


def check_worker(places: Places) -> tuple[str, str]:
    """Return this worker in words, and what is wrong with it or ''."""
    return describe_worker(), places.fault()


def do_task(task: Task) -> Outcome:
    """Do a job in a process, which ends with this worker.

    Dask calls it once more elsewhere if a worker is lost. That one may go on
    all the same, cut off from the scheduler: the lock of the job, which its
    process holds, too, is waited for.

    Raises:
        Stopped: If the client has cancelled it or is gone, or the worker
            is being closed; the process has ended.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def tell(event: str) -> None:
        worker.log_event(task.topic, dict(
            event=event, key=key, where=describe_worker()))

    def stop() -> bool:
        # cancelled(executing) is how Dask says that a thread goes on whose
        # result nobody wants; it cannot end it
        state = worker.state.tasks.get(key)
        return (state is None or state.state != 'executing'
                or worker.status.name not in (
                    'running', 'paused', 'closing_gracefully'))

    fault = task.places.fault()
    if fault:
        return Outcome(f'the worker {describe_worker()} {fault}', True)
    tell('started')
    try:
        return Outcome(run_claimed(
            task.command, task.lock, task.done, stop, lambda: _fault(task),
            task.folder, {**os.environ, **task.environment}))
    finally:
        tell('left')


def _fault(task: Task) -> Optional[str]:
    await_file(task.begun)
    if sha256(task.begun) != task.digest:
        return 'another process began it with other settings'
    return None
