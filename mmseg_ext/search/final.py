"""The best candidates and the base once more, with fresh seeds."""
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics.executors import Executor
from mmseg_ext.benchmark.jobs import Job
from mmseg_ext.benchmark.queue import Failure, do_runs

from .candidate import candidate_config, final_config, run_job
from .records import FINISHED, Record, front, ranked
from .search_file import Search


@dataclass(frozen=True)
class Entry:
    """A row of the final table.

    Attributes:
        title: 'base', or which trial of which search.
        record: The trial.
        cfg: Config of the candidate.
        accuracies: Of the fresh seeds that are finished.
        images: Fingerprint of the images that judged them.
        jobs: The trainings.
    """
    title: str
    record: Record
    cfg: Config
    jobs: tuple[Job, ...]
    accuracies: tuple[float, ...] = ()
    images: str = ''

    @property
    def accuracy(self) -> float:
        return mean(self.accuracies)

    @property
    def spread(self) -> Optional[float]:
        """Standard deviation over seeds; None for fewer than two."""
        return (stdev(self.accuracies) if len(self.accuracies) > 1 else None)


@dataclass(frozen=True)
class _Run:
    """A training, see :class:`mmseg_ext.benchmark.queue.Queued`."""
    title: str
    job: Job
    kind: str

    @property
    def label(self) -> str:
        return self.title

    def why_not(self) -> None:
        """It needs no other."""


def finalists(search: Search, root: Path, records: Sequence[Record],
              others: dict[str, Sequence[Record]], multi: bool
              ) -> list[Entry]:
    """Return the base and those that are compared with it.

    Args:
        search: Whose they are.
        root: Folder of the folders of trainings.
        records: Its trials.
        others: Name of another search over the same space -> its trials, of
            which the best is compared, too.
        multi: Take from the front, best score first.
    """
    base = next((record for record in records if record.number == 0
                 and record.state == FINISHED), None)
    best = front(records) if multi else ranked(records)
    chosen = [('base', base)] if base is not None else []
    chosen += [(f'trial {record.number}', record) for record in [
        record for record in best if record.number][:search.final.top]]
    for name, trials in others.items():
        chosen += [(f'best of {name}, trial {record.number}', record)
                   for record in ranked(trials)[:1]]
    entries = []
    for title, record in chosen:
        cfg = candidate_config(search, record.values)
        entries.append(Entry(title, record, cfg, tuple(
            run_job('run', root, final_config(search, cfg, seed))
            for seed in search.final.seeds)))
    return entries


def run_finals(entries: Sequence[Entry], echo: Callable[[str], None],
               objective: str, executor: Executor) -> list[Failure]:
    """Train what is not trained, seed by seed, and return what failed."""
    runs = [_Run(f'{entry.title}, seed {job.cfg.randomness.seed}', job,
                 entry.title)
            for jobs in zip(*(entry.jobs for entry in entries))
            for entry, job in zip(entries, jobs)]

    def describe(result: dict) -> list[str]:
        value = result['metrics'].get(objective)
        return [] if value is None else [f'{objective} {value:.2f}']

    return do_runs(runs, runs, False, echo, describe, executor)


def read_finals(entries: Sequence[Entry], objective: str) -> list[Entry]:
    """Return the entries with what is finished of them."""
    found = []
    for entry in entries:
        results = [result for job in entry.jobs
                   if (result := job.result()) is not None
                   and objective in result['metrics']]
        if results:
            found.append(replace(
                entry,
                accuracies=tuple(result['metrics'][objective]
                                 for result in results),
                images=results[0]['data']['test']['fingerprint']))
    return found
