"""Optuna's study of a search: which candidate comes next, and a journal."""
import json
import warnings
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from mmseg_ext.engine import require_extra

from .search_file import Search
from .space import Choice, Range

if TYPE_CHECKING:  # an extra, imported where it is used
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

JOURNAL = 'search.log'
GENETIC = 100  # trials, from more than which NSGA-II searches the front
STARTUP = 5  # finished trials before one is pruned
DIRECTIONS = ('maximize', 'minimize', 'minimize')


@dataclass(frozen=True)
class Settings:
    """How candidates are chosen.

    Attributes:
        sampler: 'tpe' or 'random'.
        multi: Look for the front of accuracy, latency and parameters, and
            not for the best score; nothing is pruned.
        seed: Of the choice.
        trials: How many; a finished study can be gone on with by more.
        hours: After which no trial begins; None: any.
    """
    sampler: str = 'tpe'
    multi: bool = False
    seed: int = 0
    trials: int = 40
    hours: Optional[float] = None

    @property
    def folder(self) -> str:
        return self.sampler + '-multi' * self.multi

    @property
    def way(self) -> str:
        """How candidates are chosen, in words."""
        if self.sampler == 'random':
            return 'random choice'
        return 'NSGA-II' if self.multi and self.trials > GENETIC else 'TPE'


class Study:
    """A study in a folder of its own.

    Each trial is sampled with a seed of its own, so that a search that was
    interrupted goes on as it would have gone on.

    Args:
        search: What is searched.
        settings: How.
        folder: Of its journal, which no other process may write to.

    Raises:
        ImportError: If optuna is not installed.
        ValueError: If the study there was begun with other settings.
    """

    def __init__(self, search: Search, settings: Settings,
                 folder: Path) -> None:
        require_extra('optuna', 'search')
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        # of the sampler's own arguments; they are the documented ones
        warnings.filterwarnings(
            'ignore', category=optuna.exceptions.ExperimentalWarning)
        self.search, self.settings, self.folder = search, settings, folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / JOURNAL
        repair_journal(path)
        self._open(path)
        others = self._others()
        if others and any(trial.state.is_finished()
                          for trial in self.trials()):
            raise ValueError(
                f'{folder} was begun with another {", ".join(others)}: its '
                'trials do not compare. Take the changes back, or begin '
                'another search with --work-dir DIR')
        if others:  # nothing came of it yet, perhaps because of a mistake
            path.unlink()
            self._open(path)
            self._others()
        if not self.study.get_trials(deepcopy=False):
            self.study.enqueue_trial(self._labels(search.start))

    def _open(self, path: Path) -> None:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        self.study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(path))),
            study_name=self.search.name, load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP),
            directions=(DIRECTIONS if self.settings.multi else
                        DIRECTIONS[:1]))

    def trials(self) -> list['FrozenTrial']:
        """Return those that have begun."""
        from optuna.trial import TrialState

        return [trial for trial in self.study.get_trials(deepcopy=False)
                if trial.state != TrialState.WAITING]

    def left(self) -> int:
        """Return how many trials are not finished yet."""
        return self.settings.trials - sum(
            trial.state.is_finished() for trial in self.trials())

    def next(self, under_way: Container[int] = ()) -> 'Trial':
        """Begin a trial, or go on with one that was interrupted.

        Args:
            under_way: Numbers of trials that are at work.
        """
        from optuna.trial import Trial

        begun = self.trials()
        running = [trial for trial in begun if not trial.state.is_finished()
                   and trial.number not in under_way]
        number = running[0].number if running else len(begun)
        self.study.sampler = self._sampler(number)
        if running:
            # There is no public way to a trial that another process began.
            trial = Trial(self.study, running[0]._trial_id)
        else:
            trial = self.study.ask()
        for key, allowed in self.search.space.items():
            _suggest(trial, key, allowed)
        return trial

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the keys that optuna's parameters stand for.
        """
        return {key: allowed.value(params[key])
                for key, allowed in self.search.space.items()}

    def _labels(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: allowed.label(values[key])
                for key, allowed in self.search.space.items()}

    def _sampler(self, number: int) -> 'BaseSampler':
        from optuna.samplers import NSGAIISampler, RandomSampler, TPESampler

        seed = int(np.random.SeedSequence(
            [self.settings.seed, number]).generate_state(1)[0])
        if self.settings.way == 'TPE':
            return TPESampler(multivariate=True, group=True,
                              constant_liar=True, seed=seed)
        return (RandomSampler if self.settings.sampler == 'random' else
                NSGAIISampler)(seed=seed)

    def _others(self) -> list[str]:
        """Return which settings differ from those that it was begun with."""
        search = self.search
        now = json.loads(json.dumps(dict(
            base=search.cfg.pretty_text,
            space={key: repr(value) for key, value in search.space.items()},
            coupled=repr(search.coupled),
            objective=search.objective,
            budget=[search.steps, search.seeds],
            rungs=search.rungs,
            score=repr(search.score),
            limits=[search.input_size, search.max_ms, search.max_params],
            seed=self.settings.seed)))
        began = self.study.user_attrs.get('settings')
        if began is None:
            self.study.set_user_attr('settings', now)
            return []
        return [name for name in now if began.get(name) != now[name]]


def _suggest(trial: 'Trial', key: str, allowed: Choice | Range) -> None:
    """Let a trial take a value, unless it has one."""
    if isinstance(allowed, Choice):
        trial.suggest_categorical(
            key, [allowed.label(value) for value in allowed.values])
    elif allowed.whole:
        trial.suggest_int(key, allowed.low, allowed.high,
                          step=allowed.step or 1, log=allowed.log)
    else:
        trial.suggest_float(key, allowed.low, allowed.high,
                            step=allowed.step, log=allowed.log)


def repair_journal(path: Path) -> None:
    """Take off what a killed process left: half a line, and a lock.

    Optuna would append to the half line, and then read neither.

    Args:
        path: Of the journal, to which nobody writes.
    """
    path.with_name(f'{path.name}.lock').unlink(missing_ok=True)
    if not path.is_file():
        return
    text = path.read_bytes()
    whole = text.rfind(b'\n') + 1
    if whole < len(text):
        with open(path, 'r+b') as file:
            file.truncate(whole)
