"""A module that is run in a process of its own."""
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

STOPPED = 'was stopped'  # how a command ended that nobody wants any more

PAUSE = 0.2  # seconds between two looks at what is waited for


@dataclass(frozen=True)
class Command:
    """``python -m MODULE ARGUMENTS``, which leads a session of its own.

    The module ends, with all that it has started, when its standard input
    is closed: so it ends with the process that started it, however that
    ended. POSIX only.

    Attributes:
        module: What is run.
        arguments: Of the module.
        log: File that gets what it prints, after what is there.
    """
    module: str
    arguments: tuple[str, ...]
    log: Path

    def run(self, stop: Optional[Callable[[], bool]] = None,
            folder: Optional[Path] = None,
            environment: Mapping[str, str] = os.environ,
            hand_on: Sequence[int] = ()) -> Optional[str]:
        """Run it to its end.

        Args:
            stop: Asked all the time whether it is to be ended; None: never.
            folder: It is run in; None: the present one.
            environment: Its variables.
            hand_on: Descriptors that it keeps open.

        Returns:
            None if all went well, else how it ended.
        """
        with open(self.log, 'ab') as log:
            process = subprocess.Popen(
                [sys.executable, '-m', self.module, *self.arguments],
                stdin=subprocess.PIPE,  # it ends when this closes
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=folder,
                pass_fds=hand_on,
                env=dict(environment, PYTHONUNBUFFERED='1'))
            try:
                status = _wait(process, stop)
            finally:
                process.stdin.close()
                process.wait()
        if status == 0:
            return None
        if status is None:
            return STOPPED
        if status < 0:
            name = signal.Signals(-status).name
            hint = (', as a process is that takes too much memory'
                    if name == 'SIGKILL' else '')
            return f'was ended by {name}{hint}'
        return f'ended with status {status}'

    def last_words(self, num_lines: int) -> list[str]:
        """Return the last lines of the log that are not empty."""
        if not self.log.is_file():
            return []
        text = self.log.read_text(encoding='utf-8', errors='replace')
        lines = [line for line in text.splitlines() if line.strip()]
        return lines[-num_lines:]


def end_with_parent() -> None:
    """End this process and its own when standard input is closed.

    For the module of a :class:`Command`, which leads a session.
    """

    def wait() -> None:
        while os.read(0, 1024):
            pass
        # It leads a session: this ends the loading processes, too.
        os.killpg(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def _wait(process: subprocess.Popen,
          stop: Optional[Callable[[], bool]]) -> Optional[int]:
    """Return the status with which a process ended, None if it has not."""
    if stop is None:
        return process.wait()
    while not stop():
        try:
            return process.wait(PAUSE)
        except subprocess.TimeoutExpired:
            pass
    return None
