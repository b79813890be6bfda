"""Try candidates until the budget is used."""
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Optional

from mmseg_ext.basics import format_duration
from mmseg_ext.basics.executors import Executor, LocalExecutor
from mmseg_ext.benchmark.queue import Failure

from .evaluation import Evaluation, Judgement, Work
from .names import describe
from .records import (
    FAILED,
    FINISHED,
    RUNNING,
    Record,
    ranked,
    read_records,
)
from .study import Study

if TYPE_CHECKING:
    from optuna.trial import Trial

# What a study keeps of a trial beside its parameters and values.
KEPT = ('note', 'same_as', 'accuracy', 'latency', 'parameters',
        'milliseconds', 'count', 'seconds', 'images')


def try_candidates(study: Study, evaluation: Evaluation,
                   echo: Callable[[str], None],
                   executor: Optional[Executor] = None) -> list[Failure]:
    """Do the trials that a study lacks.

    One that fails stops nothing; parameters that were tried before are not
    trained again. As many are under way at once as the executor does jobs,
    once the base is judged.

    Args:
        study: With its settings.
        evaluation: Judges a candidate.
        echo: Called with each line of progress.
        executor: Does the jobs; None: this machine, one after the other.

    Returns:
        Trials that could not be done for no fault of the candidate's, such as
        lost workers. They are not finished: the next call goes on with them.

    Raises:
        ValueError: If the base cannot be built, or is not judged by the
            objective.
    """
    loop = _Loop(study, evaluation, echo, executor or LocalExecutor())
    loop.run()
    return loop.lost


@dataclass
class _Begun:
    """A trial that has begun.

    Attributes:
        trial: Optuna's.
        values: Of the keys of the space.
        judgement: What judges it; None: it waits for the trial that has the
            same values.
        work: What is done, or waits to be done, for it.
    """
    trial: 'Trial'
    values: dict
    judgement: Optional[Judgement[Record]] = None
    work: Optional[Work] = None


class _Loop:
    """Trials on their way through an executor, see :func:`try_candidates`."""

    def __init__(self, study: Study, evaluation: Evaluation,
                 echo: Callable[[str], None], executor: Executor) -> None:
        self.study, self.evaluation = study, evaluation
        self.echo, self.executor = echo, executor
        self.under_way: dict[int, _Begun] = {}  # by number
        self.at_work: dict[Path, _Begun] = {}  # by folder of the job
        self.lost: list[Failure] = []
        self.given_up: set[int] = set()  # numbers of these
        self.began, self.over = time.monotonic(), False

    def run(self) -> None:
        while True:
            while self._may_begin():
                self._begin()
            if not self.under_way:
                return
            ended = self.executor.wait()
            one = self.at_work.pop(ended.job.folder)
            if ended.lost:
                self._give_up(one, ended.reason)
            else:
                self._go_on(one, ended.reason)
            for number, waiting in [*self.under_way.items()]:
                if (number in self.under_way and waiting.work is not None
                        and waiting.work.job.folder == ended.job.folder):
                    self._do(waiting)

    def _may_begin(self) -> bool:
        left = (self.study.left() - len(self.under_way)
                - len(self.given_up))
        slots = self.executor.slots
        if self.over or left <= 0 or len(self.at_work) >= slots or (
                # who waits for others needs no slot; but not all may wait
                len(self.under_way) >= 2 * slots):
            return False
        if 0 in self.under_way or 0 in self.given_up:
            return False  # nothing compares with a base that is not judged
        hours = self.study.settings.hours
        self.over = hours is not None and self._passed() >= 3600 * hours
        if self.over:
            self.echo(f'--hours {hours:g} are over: {left} trials are left')
        return not self.over

    def _passed(self) -> float:
        return time.monotonic() - self.began

    def _tell(self, number: int, text: str) -> None:
        """Say something of a trial, of which there may be others."""
        alone = self.executor.slots == 1 and not {*self.under_way} - {number}
        self.echo(f'  {text}' if alone else
                  f'[{number + 1}/{self.study.settings.trials}] {text}')

    def _begin(self) -> None:
        trial = self.study.next({*self.under_way, *self.given_up})
        values = self.study.values(trial.params)
        number, base = trial.number, ' (the base)' * (trial.number == 0)
        self.echo(f'[{number + 1}/{self.study.settings.trials}] '
                  f'{describe(self.study.search.space, values)}{base}')
        before = _same(read_records(self.study), number, values)
        one = self.under_way[number] = _Begun(trial, values)
        if before is not None:
            self._end(one, _repeat(trial, before))
        elif any(repr(other.values) == repr(values)
                 for other in self.under_way.values() if other is not one):
            self._tell(number, 'waits for the same candidate')
        else:
            one.judgement = self.evaluation.judge(trial, values)
            self._go_on(one)

    def _go_on(self, one: _Begun, reason: Optional[str] = None) -> None:
        """Let a candidate be judged further.

        Args:
            one: The trial.
            reason: Why what was done for it is not done.
        """
        one.work = None
        try:
            one.work = one.judgement.send(reason)
        except StopIteration as found:
            self._end(one, found.value)
        else:
            self._do(one)

    def _do(self, one: _Begun) -> None:
        """Have its work done, unless another trial has it done."""
        job = one.work.job
        if job.folder in self.at_work:
            return
        with job.claimed() as mine:
            begins = mine and job.result() is None
            if begins:
                self.at_work[job.folder] = one
                self.executor.start(
                    job, partial(self._tell, one.trial.number), one.work.stop)
        if not mine:  # one that an earlier call has left, on some machine
            self._give_up(one, 'another process is still at it')
        elif not begins:
            self._go_on(one)

    def _give_up(self, one: _Begun, reason: str) -> None:
        """Leave a trial unfinished, and those that wait for its result."""
        job = one.work.job
        words = job.last_words() if job.log.is_file() else []
        for number, other in [*self.under_way.items()]:
            if other is one or (other.judgement is None and
                                repr(other.values) == repr(one.values)):
                del self.under_way[number]
                self.given_up.add(number)
                self._tell(number, f'{reason}; it is left for another call')
        self.lost.append(Failure(
            f'trial {one.trial.number}', reason, job.log, words))

    def _end(self, one: _Begun, record: Record) -> None:
        number = one.trial.number
        del self.under_way[number]
        _keep(self.study, one.trial, record)
        records = read_records(self.study)
        self._tell(number, f'{_say(self.study, record)}; {_best(records)}')
        left = _time_left(records, self.study, self._passed(),
                          self.executor.slots)
        self.echo(f'  {format_duration(self._passed())} so far{left}')
        for other in [*self.under_way.values()]:
            before = _same(records, other.trial.number, other.values)
            if other.judgement is None and before is not None and (
                    other.trial.number in self.under_way):
                self._end(other, _repeat(other.trial, before))


def _same(records: list[Record], number: int, values: dict
          ) -> Optional[Record]:
    """Return the first trial that had the same values, if there is one."""
    return next((record for record in records
                 if record.number < number and record.state != RUNNING
                 and repr(record.values) == repr(values)), None)


def _repeat(trial: 'Trial', before: Record) -> Record:
    """Return what is known of the same candidate, as of a new trial."""
    for step, score in before.rungs.items():
        trial.report(score, step)
    note = f'the same as trial {before.number}'
    return replace(before, number=trial.number, same_as=before.number,
                   note=': '.join(filter(None, [note, before.note])),
                   seconds=0.0)


def _keep(study: Study, trial: 'Trial', record: Record) -> None:
    from optuna.trial import TrialState

    known = asdict(record)
    for name in KEPT:
        if known[name] not in (None, ''):
            trial.set_user_attr(name, known[name])
    if record.state != FINISHED:
        study.study.tell(trial, state=(
            TrialState.FAIL if record.state == FAILED else TrialState.PRUNED))
    elif study.settings.multi:
        study.study.tell(trial, [record.accuracy, record.latency,
                                 record.parameters])
    else:
        study.study.tell(trial, record.score)


def _say(study: Study, record: Record) -> str:
    if record.state != FINISHED:
        return f'{record.state}: {record.note}'
    again = f'{record.note}, ' * (record.same_as is not None)
    return (f'{again}{study.search.objective} {record.accuracy:.2f}, '
            f'score {record.terms}')


def _best(records: list[Record]) -> str:
    best = next(iter(ranked(records)), None)
    return ('no trial is finished' if best is None else
            f'best so far {best.score:.2f}, trial {best.number}')


def _time_left(records: list[Record], study: Study, passed: float,
               slots: int) -> str:
    took = [record.seconds for record in records
            if record.seconds and record.state != RUNNING]
    if study.left() <= 0 or not took:
        return ''
    left = mean(took) * study.left() / slots
    if study.settings.hours is not None:
        left = min(left, max(3600 * study.settings.hours - passed, 0))
    final = ' and then the final table' * (study.search.final is not None)
    return f', about {format_duration(left)} to go{final}'
