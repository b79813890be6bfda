"""What a study knows of each of its trials."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

from mmseg_ext.basics.pareto import undominated

from .score import Terms
from .study import Study

FINISHED, PRUNED, FAILED, RUNNING = 'finished', 'pruned', 'failed', 'running'
STATES = dict(COMPLETE=FINISHED, PRUNED=PRUNED, FAIL=FAILED, RUNNING=RUNNING)


@dataclass(frozen=True)
class Record:
    """A trial.

    Attributes:
        state: 'finished', 'pruned', 'failed' or 'running'.
        values: Of the keys of the space.
        note: Why it was pruned or has failed, or of which trial it repeats.
        same_as: Number of the trial that it repeats.
        accuracy: The objective, mean over seeds.
        latency: Time of an image over the base's.
        parameters: Over the base's.
        milliseconds: Of an image.
        count: Of parameters.
        rungs: Steps -> score there.
        seconds: That it took.
        images: Fingerprint of the images that judged it.
    """
    number: int
    state: str
    values: dict[str, Any]
    note: str = ''
    same_as: Optional[int] = None
    accuracy: Optional[float] = None
    latency: Optional[float] = None
    parameters: Optional[float] = None
    milliseconds: Optional[float] = None
    count: Optional[int] = None
    rungs: Optional[dict[int, float]] = None
    seconds: float = 0.0
    images: str = ''
    terms: Optional[Terms] = None

    @property
    def score(self) -> float:
        return self.terms.total

    def point(self) -> tuple[float, float, float]:
        """Return its three numbers, of which more is better."""
        return self.accuracy, -self.latency, -self.parameters


def read_records(study: Study) -> list[Record]:
    """Return the trials of a study, in their order."""
    records = []
    for trial in study.trials():
        known = dict(trial.user_attrs)
        state = STATES[trial.state.name]
        if state == RUNNING and {*trial.params} != {*study.search.space}:
            continue  # killed while it was sampled
        terms = (study.search.score.terms(
            known['accuracy'], known['latency'], known['parameters'])
            if state == FINISHED else None)
        records.append(Record(
            trial.number, state, study.values(trial.params), terms=terms,
            rungs=dict(trial.intermediate_values), **known))
    return records


def ranked(records: Sequence[Record]) -> list[Record]:
    """Return the finished trials, best score first, each candidate once."""
    found = [record for record in records
             if record.state == FINISHED and record.same_as is None]
    return sorted(found, key=lambda one: (-one.score, one.number))


def front(records: Sequence[Record]) -> list[Record]:
    """Return the finished trials that no other one beats in all three."""
    found = ranked(records)
    return [found[i] for i in undominated(
        [record.point() for record in found])]
