"""The command of a job, while its lock is held."""
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Optional

from ..file_lock import FileLock
from .command import PAUSE, Command


class Stopped(Exception):
    """Nobody waits for the job any more, at least not here."""


def run_claimed(command: Command, lock: Path, done: Path,
                stop: Callable[[], bool],
                fault: Callable[[], Optional[str]] = lambda: None,
                folder: Optional[Path] = None,
                environment: Mapping[str, str] = os.environ
                ) -> Optional[str]:
    """Wait for a job's lock, and do the job unless that has been done.

    Args:
        command: What does it.
        lock: File that keeps others from it, also once this process has
            ended and the command's has not.
        done: File that is there once it is done.
        stop: Asked all the time whether it is to be ended.
        fault: Asked once the lock is held; returns why the job cannot be
            done, or None.
        folder: It is run in; None: the present one.
        environment: Its variables.

    Returns:
        Why it is not done; None if it is.

    Raises:
        Stopped: If ``stop`` said so; the command has ended by then.
    """
    held = FileLock(lock, keep=True)
    while not held.acquire():
        if stop():
            raise Stopped
        time.sleep(PAUSE)
    try:
        if done.is_file():
            return None  # by who had the lock
        reason = fault() or command.run(
            stop, folder, environment,
            # else the lock would be free before the process has ended that
            # a killed worker leaves
            held.hand_on())
        if reason is not None and stop():
            raise Stopped
        return reason
    finally:
        held.release()
