"""Try candidates one after the other until the budget is used."""
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from statistics import mean
from typing import TYPE_CHECKING, Optional

from mmseg_ext.basics import format_duration

from .evaluation import Evaluation
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
                   echo: Callable[[str], None]) -> None:
    """Do the trials that a study lacks.

    One that fails stops nothing; parameters that were tried before are not
    trained again.

    Args:
        study: With its settings.
        evaluation: Judges a candidate.
        echo: Called with each line of progress.

    Raises:
        ValueError: If the base cannot be built, or is not judged by the
            objective.
    """
    settings, began = study.settings, time.monotonic()
    while study.left() > 0:
        passed = time.monotonic() - began
        if settings.hours is not None and passed >= 3600 * settings.hours:
            echo(f'--hours {settings.hours:g} are over: {study.left()} '
                 'trials are left')
            return
        trial = study.next()
        records = read_records(study)
        values = study.values(trial.params)
        base = ' (the base)' * (trial.number == 0)
        echo(f'[{trial.number + 1}/{settings.trials}] '
             f'{describe(study.search.space, values)}{base}')
        before = _same(records, trial.number, values)
        if before is None:
            record = evaluation.judge(trial, values)
        else:
            record = _repeat(trial, before)
        _tell(study, trial, record)
        records = read_records(study)
        echo(f'  {_say(study, record)}; {_best(records)}')
        left = _time_left(records, study, passed=time.monotonic() - began)
        echo(f'  {format_duration(time.monotonic() - began)} so far{left}')


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


def _tell(study: Study, trial: 'Trial', record: Record) -> None:
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


def _time_left(records: list[Record], study: Study, passed: float) -> str:
    took = [record.seconds for record in records
            if record.seconds and record.state != RUNNING]
    if study.left() <= 0 or not took:
        return ''
    left = mean(took) * study.left()
    if study.settings.hours is not None:
        left = min(left, max(3600 * study.settings.hours - passed, 0))
    final = ' and then the final table' * (study.search.final is not None)
    return f', about {format_duration(left)} to go{final}'
