"""Runs that are done one after the other, each once, whatever fails."""
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Optional, Protocol

from mmseg_ext.basics import format_duration

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


def _time_left(runs: Sequence[Queued], remaining: Sequence[Queued]) -> str:
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
    return f', about {format_duration(left)} to go'


def _do(run: Queued, redo: bool, echo: Callable[[str], None],
        describe: Callable[[dict], Sequence[str]]) -> Optional[Failure]:
    """Do one run, unless it is done or another process is at it."""
    job = run.job
    missing = run.why_not()
    if missing is not None and job.result() is None:
        echo(missing)
        return Failure(run.title, missing)
    with job.claimed() as mine:
        if not mine:
            echo('left to the process that is at it')
            return None
        if redo and job.changes():
            job.clear()
        check_settings([run])  # another process may have begun it by now
        if job.result() is not None:
            echo('finished already')
            return None
        echo(str(job.log))
        reason = job.execute()
        if reason is not None:
            echo(reason)
            return Failure(run.title, reason, job.log, job.last_words())
        result = job.result()
    took = f'done in {format_duration(result["seconds"])}'
    echo(', '.join([took, *describe(result)]))
    return None


def do_runs(wanted: Sequence[Queued], runs: Sequence[Queued], redo: bool,
            echo: Callable[[str], None],
            describe: Callable[[dict], Sequence[str]]) -> list[Failure]:
    """Do the runs that are not done; a failing one stops no other.

    Args:
        wanted: To be done, in this order.
        runs: All that there are, whose times tell how long others take.
        redo: Delete runs that began with other settings, and run them again.
        echo: Called with each line of progress.
        describe: Numbers of a result to print.

    Returns:
        What failed.

    Raises:
        ValueError: If a run began with other settings and is not to be done
            again.
    """
    failures = []
    clock = time.monotonic()
    for i, run in enumerate(wanted):
        label = f'[{i + 1}/{len(wanted)}] {run.label}: '
        done = run.job.result() is not None
        failure = _do(run, redo, lambda text, label=label: echo(label + text),
                      describe)
        if failure is not None:
            failures.append(failure)
        left = _time_left(runs, wanted[i + 1:])
        if left and not done:
            echo(f'  {format_duration(time.monotonic() - clock)} so far{left}')
    return failures
