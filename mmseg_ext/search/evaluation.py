"""Judge a candidate: can it be built, what does it cost, how good is it."""
import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Optional, TypeVar

from mmengine.config import Config

from mmseg_ext.basics import user_sentence
from mmseg_ext.basics.printable import counted
from mmseg_ext.benchmark.jobs import WORK_DIR, Job
from mmseg_ext.engine.curves import History
from mmseg_ext.engine.curves.curves_hook import TABLE

from .candidate import (
    candidate_config,
    cost_job,
    count_parameters,
    run_config,
    run_job,
)
from .records import FAILED, FINISHED, PRUNED, Record
from .search_file import Search

if TYPE_CHECKING:
    from optuna.trial import Trial


T = TypeVar('T')


@dataclass(frozen=True)
class Work:
    """A job that a candidate is judged by.

    Attributes:
        job: To be done, unless it is.
        stop: Asked now and then whether to end it; None: never.
    """
    job: Job
    stop: Optional[Callable[[], bool]] = None


# Yields jobs, is sent why each is not done or None, and returns what was
# found.
Judgement = Generator[Work, Optional[str], T]


class Failed(Exception):
    """Why a candidate has no numbers."""


class Pruned(Exception):
    """Why a candidate is not trained to its end."""


class Evaluation:
    """Judge candidates, by jobs that others do.

    Args:
        search: What is searched.
        root: Folder of the folders of trainings and costs.
        prunes: End a training at a rung where it is hopeless.

    Raises:
        ValueError: If the base cannot be built.
    """

    def __init__(self, search: Search, root: Path, prunes: bool) -> None:
        self.search, self.root, self.prunes = search, root, prunes
        try:
            self._base_count = count_parameters(
                search.cfg.model, search.input_size)
        except Exception as error:
            raise ValueError(
                f'{search.base}, the base of the search, cannot be built: '
                f'{_sentence(error)}') from error

    def judge(self, trial: 'Trial', values: dict) -> Judgement[Record]:
        """Build a candidate, time it, train it.

        Args:
            trial: Optuna's, to which the rungs are reported.
            values: Of the keys of the space.

        Raises:
            ValueError: If the base's validation gives no such objective.
        """
        record, clock = Record(trial.number, FINISHED, values), time.time()
        try:
            cfg = self._build(values)
            count = _attempt(count_parameters, cfg.model,
                             self.search.input_size)
            record = replace(record, count=count,
                             parameters=count / self._base_count)
            self._check_limit('max_params', count, '{:,.0f} parameters')
            record = yield from self._with_cost(record, cfg)
            record = yield from self._with_accuracy(record, cfg, trial)
        except Failed as error:
            record = replace(record, state=FAILED, note=str(error))
        except Pruned as error:
            record = replace(record, state=PRUNED, note=str(error))
        if record.state == FINISHED:
            record = replace(record, terms=self.search.score.terms(
                record.accuracy, record.latency, record.parameters))
        return replace(record, seconds=round(time.time() - clock, 1))

    def _build(self, values: dict) -> Config:
        return _attempt(candidate_config, self.search, values)

    def _check_limit(self, name: str, value: float, words: str) -> None:
        limit = getattr(self.search, name)
        if limit is not None and value > limit:
            raise Pruned(f'{words.format(value)}, and {name} is {limit:,g}: '
                         'not trained')

    def _with_cost(self, record: Record, cfg: Config) -> Judgement[Record]:
        job = cost_job(self.search, self.root, cfg)
        yield from self._do(job)
        rows = job.result()['rows']
        for name, row in rows.items():
            if 'error' in row:
                raise Failed(f'{name}: {row["error"]}')
        own = rows['candidate']['milliseconds']
        record = replace(
            record, milliseconds=own,
            latency=own / rows['base']['milliseconds'] if 'base' in rows
            else 1.0)
        self._check_limit('max_ms', own, '{:.1f} ms an image')
        return record

    def _with_accuracy(self, record: Record, cfg: Config,
                       trial: 'Trial') -> Judgement[Record]:
        found, images = [], ''
        for i, seed in enumerate(self.search.seeds):
            job = run_job('trial', self.root,
                          _attempt(run_config, self.search, cfg, seed))
            stop = (_Rungs(self.search, record, trial, job)
                    if self.prunes and i == 0 and self.search.rungs else None)
            yield from self._do(job, stop)
            result = job.result()
            found.append(self._objective(record, result['metrics']))
            images = result['data']['test']['fingerprint']
        return replace(record, accuracy=mean(found), images=images)

    def _objective(self, record: Record, metrics: dict) -> float:
        name = self.search.objective
        value = metrics.get(name, math.nan)
        if not math.isnan(value):
            return value
        if record.number == 0 and name not in metrics:
            raise ValueError(
                f'The validation gives no {name}, the objective of the '
                f'search; it gives {", ".join(sorted(metrics))}')
        raise Failed(f'its {name} is no number')

    def _do(self, job: Job, stop: Optional['_Rungs'] = None
            ) -> Judgement[None]:
        """Do a job that is not done; a hopeless one is not begun.

        Raises:
            Failed: If it did not work.
            Pruned: If it was stopped at a rung.
        """
        reason = None
        hopeless = stop is not None and stop()
        if job.result() is None and not hopeless:
            reason = yield Work(job, stop)
        # also of a training that was at its end before anybody looked
        if stop is not None and (stop.at is not None or stop()):
            raise Pruned(stop.why())
        if reason is not None:
            words = job.last_words(1)
            raise Failed(': '.join([reason, *words]) + f' ({job.log})')


class _Rungs:
    """Tell whether a training is hopeless, by its validations so far.

    Attributes:
        at: Rung at which it was; None before.
    """

    def __init__(self, search: Search, record: Record, trial: 'Trial',
                 job: Job) -> None:
        self._search, self._record, self._trial = search, record, trial
        self._table = job.folder / WORK_DIR / TABLE
        self._seen: set[int] = set()
        self._reported = dict(
            trial.study.trials[trial.number].intermediate_values)
        self.at: Optional[int] = None

    def __call__(self) -> bool:
        history = History()
        if self.at is None and self._table.is_file():
            history.read(self._table, self._search.rungs[-1])
        for rung in self._search.rungs:
            accuracy = history.validations.get(rung, {}).get(
                self._search.objective, math.nan)
            if self.at is None and rung not in self._seen and (
                    not math.isnan(accuracy)):
                self._seen.add(rung)
                self._look(rung, accuracy)
        return self.at is not None

    def _look(self, rung: int, accuracy: float) -> None:
        if rung not in self._reported:
            self._trial.report(self._search.score.terms(
                accuracy, self._record.latency,
                self._record.parameters).total, rung)
        if self._trial.should_prune():
            self.at = rung

    def why(self) -> str:
        return (f'its score after {counted(self.at, "step")} was below the '
                'median of the others there')


def _attempt(work: Callable, *args):
    """Return what a work on a candidate's config returns.

    Raises:
        Failed: With what it raises.
    """
    try:
        return work(*args)
    except Exception as error:  # a config is a program, and a model one, too
        raise Failed(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    return user_sentence(error) or f'{type(error).__name__}: {error}'
