"""Runs that are done once each, whatever fails, here or by a cluster."""
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Optional, Protocol

from mmseg_ext.basics import format_duration
from mmseg_ext.basics.executors import Executor, LocalExecutor

from .jobs import Job


class Queued(Protocol):
    """A training and test to be done.

    Attributes:
        title: What it is, for errors.
        label: The same, for lines of progress.
        kind: Runs of one kind take about the same time.
        job: How and where it is done.
    """
    title: str
    label: str
    kind: str
    job: Job

    def why_not(self) -> Optional[str]:
        """Return why it cannot start, None if it can; wait if it soon can."""


@dataclass(frozen=True)
class Failure:
    """What did not work, why, and what was printed last."""
    what: str
    reason: str
    log: Optional[Path] = None
    last_words: Sequence[str] = ()

    def __str__(self) -> str:
        text = f'{self.what}: {self.reason}'
        if self.log is not None:
            text += f'\n  {self.log}'
        return text + ''.join(f'\n  | {line}' for line in self.last_words)


def check_settings(runs: Sequence[Queued]) -> None:
    """Refuse to put runs of other settings into one table with these.

    Raises:
        ValueError: If a run began with other settings than the present ones.
    """
    stale, moved = [], False
    for run in runs:
        changes = run.job.changes()
        if changes:
            moved = moved or any('data_root was ' in change
                                 for change in changes)
            rest = f' and {len(changes) - 2} more' * (len(changes) > 2)
            stale.append(f'\n  {run.job.folder}: {"; ".join(changes[:2])}'
                         f'{rest}')
    if stale:
        raise ValueError(
            'These runs began with other settings than the present ones:'
            f'{"".join(stale)}\n'
            '--redo deletes them and runs them again; --work-dir DIR keeps '
            'them and begins elsewhere; or take the changes back.'
            + (' If the same data lie in another folder now, a link to it in '
               'the place of the old one lets them go on.' * moved))


def _time_left(runs: Sequence[Queued], remaining: Sequence[Queued],
               slots: int) -> str:
    """Estimate from the finished runs of the same rows, else of any."""
    times: dict[str, list[float]] = {}
    for run in runs:
        result = run.job.result()
        if result is not None:
            times.setdefault(run.kind, []).append(result['seconds'])
    remaining = [run for run in remaining if run.job.result() is None]
    if not times or not remaining:
        return ''
    usual = mean(mean(row) for row in times.values())
    left = sum(
        mean(times[run.kind]) if run.kind in times else usual
        for run in remaining)
    return f', about {format_duration(left / slots)} to go'


class _Queue:
    """Runs on their way through an executor, see :func:`do_runs`."""

    def __init__(self, wanted: Sequence[Queued], executor: Executor,
                 redo: bool, echo: Callable[[str], None],
                 describe: Callable[[dict], Sequence[str]]) -> None:
        self.wanted, self.executor, self.redo = wanted, executor, redo
        self.echo, self.describe = echo, describe
        self.waiting = [*range(len(wanted))]
        self.under_way: dict[Path, int] = {}  # folder -> number of the run
        self.failures: dict[int, Failure] = {}  # by the number of the run

    def tell(self, number: int, text: str) -> None:
        self.echo(f'[{number + 1}/{len(self.wanted)}] '
                  f'{self.wanted[number].label}: {text}')

    def take(self) -> Optional[int]:
        """Take the first that waits for none under way or before it."""
        unfinished = {*map(_place, self.under_way)}
        for number in self.waiting:
            job = self.wanted[number].job
            if not unfinished & {_place(job.folder / start)
                                 for start in job.starts}:
                self.waiting.remove(number)
                return number
            unfinished.add(_place(job.folder))
        return None

    def start(self, number: int) -> bool:
        """Start a run unless it is done or another process is at it."""
        run, job = self.wanted[number], self.wanted[number].job
        missing = run.why_not()
        if missing is not None and job.result() is None:
            self.tell(number, missing)
            self.failures[number] = Failure(run.title, missing)
            return False
        with job.claimed() as mine:
            if not mine:
                self.tell(number, 'left to the process that is at it')
                return False
            if self.redo and job.changes():
                job.clear()
            check_settings([run])  # another process may have begun it by now
            if job.result() is not None:
                self.tell(number, 'finished already')
                return False
            self.executor.start(job, partial(self.tell, number))
        self.under_way[job.folder] = number
        return True

    def end(self) -> int:
        """Wait until a run has ended, and return its number."""
        ended = self.executor.wait()
        number = self.under_way.pop(ended.job.folder)
        run, job = self.wanted[number], ended.job
        if ended.reason is not None:
            self.tell(number, ended.reason)
            self.failures[number] = Failure(
                run.title, ended.reason, job.log, job.last_words())
        else:
            result = job.result()
            took = f'done in {format_duration(result["seconds"])}'
            self.tell(number, ', '.join([took, *self.describe(result)]))
        return number

    def left(self) -> list[Queued]:
        """Return what waits or is under way."""
        return [self.wanted[number] for number in (
            *self.under_way.values(), *self.waiting)]


def _place(folder: Path) -> str:
    return os.path.normpath(folder.absolute())


def do_runs(wanted: Sequence[Queued], runs: Sequence[Queued], redo: bool,
            echo: Callable[[str], None],
            describe: Callable[[dict], Sequence[str]],
            executor: Optional[Executor] = None) -> list[Failure]:
    """Do the runs that are not done; a failing one stops no other.

    As many at once as the executor does; one that starts from others waits
    for those of them that stand before it.

    Args:
        wanted: To be done, in this order.
        runs: All that there are, whose times tell how long others take.
        redo: Delete runs that began with other settings, and run them again.
        echo: Called with each line of progress.
        describe: Numbers of a result to print.
        executor: Does them; None: this machine, one after the other.

    Returns:
        What failed.

    Raises:
        ValueError: If a run began with other settings and is not to be done
            again.
    """
    executor = executor or LocalExecutor()
    queue = _Queue(wanted, executor, redo, echo, describe)
    clock = time.monotonic()

    def tell_time() -> None:
        left = _time_left(runs, queue.left(), executor.slots)
        if left:
            echo(f'  {format_duration(time.monotonic() - clock)} so far'
                 f'{left}')

    while queue.waiting or queue.under_way:
        number = (queue.take() if len(queue.under_way) < executor.slots
                  else None)
        if number is None:
            queue.end()
            tell_time()
            continue
        done = wanted[number].job.result() is not None
        if not queue.start(number) and not done:
            tell_time()
    return [queue.failures[number] for number in sorted(queue.failures)]
