"""Train and test every row of a suite with every seed, each run once."""
import copy
import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics.executors import Executor, LocalExecutor
from mmseg_ext.models.segmentors import read_widths

from .cross_validation.runs import run_folder as fold_folder
from .jobs import Job
from .queue import Failure, check_settings, do_runs
from .row_config import leave_out_validation, row_config
from .row_options import Row
from .run_config import widths_file
from .suite import Column, Suite
from .suite_folds import FoldedRows, fold_rows, row_folder

REPEATS = 20  # timed passes of each model


def run_folder(suite: Suite, work_dir: Path, row: Row, seed: int,
               fold: Optional[int] = None) -> Path:
    """Folder of one run."""
    if fold is not None:
        return fold_folder(row_folder(suite, work_dir, row), fold, seed)
    return work_dir / suite.runs / row.name / f'seed_{seed}'


def cost_folder(suite: Suite, work_dir: Path) -> Path:
    """Folder of the costs; no row has its name."""
    return work_dir / suite.name / '_cost'


@dataclass(frozen=True)
class Run:
    """One training and test, see :class:`~.queue.Queued`."""
    row: Row
    seed: int
    job: Job
    fold: Optional[int] = None

    @property
    def key(self) -> tuple[int, Optional[int]]:
        """Of the run among those of its row."""
        return self.seed, self.fold

    @property
    def title(self) -> str:
        return f'{self.row.title}, {self._number}'

    @property
    def label(self) -> str:
        return f'{self._number}, {self.row.title}'

    @property
    def _number(self) -> str:
        fold = '' if self.fold is None else f', fold {self.fold + 1}'
        return f'seed {self.seed}{fold}'

    @property
    def kind(self) -> str:
        return self.row.name

    def why_not(self) -> Optional[str]:
        """Return why it cannot start from others, None if it can."""
        for row, what in self.row.needs().items():
            folder = self.job.folder.parents[1] / row / self.job.folder.name
            other = Job('run', folder, Config())
            while other.busy():  # of another process
                time.sleep(1)
            if other.result() is None:
                return (f'it {what} the row {row}, which has no finished run '
                        'of this seed; run that first')
        return None


def row_configs(suite: Suite, work_dir: Path
                ) -> tuple[dict[str, Config], dict[str, Failure]]:
    """Return the rows' configs, and why others cannot be had.

    Where a suite gives equal times, the steps are those that were timed.
    Where it has folds, validation is left in, for its images.
    """
    configs, failures = {}, {}
    for row in suite.rows:
        try:
            configs[row.name] = row_config(
                suite, row, work_dir, validated=suite.folds is not None)
        except Exception as error:  # a config is a program
            failures[row.name] = Failure(
                row.title,
                f'{row.config or "its plan"} cannot be read: {error}')
    if suite.equal_time is None:
        return configs, failures
    jobs = _step_jobs(suite, work_dir, configs)
    for name in [*configs]:
        steps = suite.equal_time.steps
        if name != suite.equal_time.row:
            timed = jobs[name].result() if name in jobs else None
            if timed is None or jobs[name].changes():
                failures[name] = Failure(suite.row(name).title, 'its steps '
                                         'have not been timed')
                del configs[name]
                continue
            steps = max(int(steps / timed['ratio']), 1)
        configs[name].merge_from_dict({'train_cfg.max_iters': steps})
    return configs, failures


def open_folds(suite: Suite, work_dir: Path) -> Optional[FoldedRows]:
    """Return a suite's rows with their folds; None if it has none."""
    if suite.folds is None:
        return None
    return fold_rows(suite, work_dir, *row_configs(suite, work_dir))


def list_runs(suite: Suite, work_dir: Path,
              folded: Optional[FoldedRows] = None
              ) -> tuple[list[Run], dict[str, Failure]]:
    """Return a suite's runs, and the rows whose configs cannot be had.

    Seed by seed: an interrupted suite has whole tables of fewer seeds.

    Args:
        suite: Whose runs they are.
        work_dir: Folder of the folders of runs.
        folded: What :func:`open_folds` returns, where it is known.
    """
    folded = folded or open_folds(suite, work_dir)
    if folded is not None:
        return [Run(row, run.seed, run.job, run.fold)
                for row, run in folded.runs()], dict(folded.failures)
    configs, failures = row_configs(suite, work_dir)
    runs = []
    for seed in suite.seeds:
        for row in suite.rows:
            if row.name not in configs:
                continue
            cfg = copy.deepcopy(configs[row.name])
            cfg.merge_from_dict({'randomness.seed': seed})
            folder = run_folder(suite, work_dir, row, seed)
            # as seen from the run: the folder of all may be moved
            others = {name: os.path.relpath(
                run_folder(suite, work_dir, suite.row(name), seed), folder)
                      for name in row.needs()}
            if row.teacher is not None:
                cfg.teacher_run = others[row.teacher]
            if row.pruned is not None:
                cfg.pruned = dict(run=others[row.pruned.row],
                                  **row.pruned.settings)
            for name in ('adapted', 'pseudo_labels'):
                start = getattr(row, name)
                if start is not None:
                    cfg[name] = dict(
                        run=others[start.row],
                        images=str(Path(suite.data_root, start.images)),
                        **start.settings)
            runs.append(Run(row, seed, Job(
                'run', folder, cfg, tuple(others.values()))))
    return runs, failures


def run_suite(suite: Suite,
              work_dir: Path,
              rows: Optional[Collection[str]] = None,
              seeds: Optional[Collection[int]] = None,
              redo: bool = False,
              echo: Callable[[str], None] = print,
              executor: Optional[Executor] = None) -> list[Failure]:
    """Do what is not done of a suite, then measure the models' costs.

    Each run is a process of its own. One that fails does not stop the rest,
    and is tried again the next time; one that was interrupted goes on from
    its last checkpoint. Several processes may do one suite together.

    Args:
        suite: See :func:`mmseg_ext.benchmark.read_suite`.
        work_dir: Folder of the folders of runs and tables.
        rows: Names of the rows to run; None: all.
        seeds: Seeds to run; None: all.
        redo: Delete runs that began with other settings, and run them again.
        echo: Called with each line of progress.
        executor: Does the runs; None: this machine, one after the other.

    Returns:
        What failed.

    Raises:
        FileNotFoundError: If the data folder does not exist.
        RuntimeError: If a worker of the executor cannot do them.
        ValueError: If a row or seed is not the suite's, or a run began with
            other settings and is not to be done again.
    """
    for what, wanted, known in (
            ('row', rows, [row.name for row in suite.rows]),
            ('seed', seeds, suite.seeds)):
        foreign = [str(name) for name in wanted or () if name not in known]
        if foreign:
            raise ValueError(
                f'{suite.name} has no {what} {", ".join(foreign)}; there are '
                f'{", ".join(map(str, known))}')
    if not Path(suite.data_root).is_dir():
        raise FileNotFoundError(
            f'There is no data folder {suite.data_root}. Another one: '
            f'--data-root DIR. {suite.data_help}')
    executor = executor or LocalExecutor()
    executor.share([work_dir], [Path(suite.data_root)])
    failures = _time_steps(suite, work_dir, rows, redo, echo, executor)
    runs, unreadable = list_runs(suite, work_dir)
    known = {failure.what for failure in failures}
    failures += [failure for name, failure in unreadable.items()
                 if (rows is None or name in rows)
                 and failure.what not in known]
    wanted = [
        run for run in runs if (rows is None or run.row.name in rows) and
        (seeds is None or run.seed in seeds)
    ]
    again = {run.job.folder for run in wanted} if redo else set()
    check_settings([run for run in runs if run.job.folder not in again])
    failures += do_runs(wanted, runs, redo, echo, partial(
        _describe, suite.columns), executor)
    return failures + _measure(suite, work_dir, runs, echo, executor)


def _describe(columns: Sequence[Column], result: dict) -> list[str]:
    return [
        f'{column.title} {result["metrics"][column.key]:.{column.digits}f}'
        for column in columns if column.key in result['metrics']
    ]


def _step_jobs(suite: Suite, work_dir: Path,
               configs: dict[str, Config]) -> dict[str, Job]:
    """Return the timing of each row's steps beside those of the reference."""
    configs = copy.deepcopy(configs)
    for cfg in configs.values():
        leave_out_validation(cfg)
    reference = configs.get(suite.equal_time.row)
    return {} if reference is None else {
        name: Job('steps', work_dir / suite.name / '_steps' / name, Config(
            dict(custom_imports=_imports([cfg, reference]),
                 row=cfg.to_dict(), reference=reference.to_dict())))
        for name, cfg in configs.items() if name != suite.equal_time.row
    }


def _time_steps(suite: Suite, work_dir: Path,
                rows: Optional[Collection[str]], redo: bool,
                echo: Callable[[str], None],
                executor: Executor) -> list[Failure]:
    """Time the steps of the rows that have no time yet.

    Those that another process is timing are waited for: without them it is
    not known how long to train. A time of other settings stays, unless it is
    to be done again: the runs that began by it fit no other, not even that
    of the same settings. One after the other: two could meet on a machine.
    """
    if suite.equal_time is None:
        return []
    plain = replace(suite, equal_time=None)
    jobs = _step_jobs(suite, work_dir, row_configs(plain, work_dir)[0])
    failures = []
    for name, job in jobs.items():
        if rows is not None and name not in rows:
            continue
        with job.claimed() as mine:
            if not mine:
                continue
            if job.result() is not None:
                if not redo:
                    check_settings([Run(suite.row(name), 0, job)])
                if not job.changes():
                    continue
            job.clear()
            executor.start(job, lambda place, name=name: echo(
                f'Steps of {suite.row(name).title} beside those of '
                f'{suite.row(suite.equal_time.row).title}: {place}'))
        reason = executor.wait().reason
        if reason is not None:
            failures.append(Failure(suite.row(name).title, reason,
                                    job.log, job.last_words()))
    while any(job.busy() for job in jobs.values()):
        time.sleep(1)
    return failures


def _imports(configs: Iterable[Config]) -> dict:
    """Return the ``custom_imports`` of several configs as one."""
    found = set()
    for cfg in configs:
        names = cfg.get('custom_imports', {}).get('imports', [])
        found.update([names] if isinstance(names, str) else names)
    return dict(imports=sorted(found))


def _cost_job(suite: Suite, work_dir: Path, runs: Sequence[Run]) -> Job:
    models: dict[str, dict] = {}
    for run in runs:
        model = run.job.cfg.model.to_dict()
        if run.job.cfg.get('pruned', {}).get('ratio'):
            widths = widths_file(run.job.folder)
            if not widths.is_file():  # not pruned yet
                continue
            model['widths'] = read_widths(widths)
        models.setdefault(run.row.name, model)
    return Job(
        'cost', cost_folder(suite, work_dir),
        Config(
            dict(
                custom_imports=_imports(run.job.cfg for run in runs),
                models=models,
                input_size=suite.input_size,
                repeats=REPEATS)))


def _measure(suite: Suite, work_dir: Path, runs: Sequence[Run],
             echo: Callable[[str], None],
             executor: Executor) -> list[Failure]:
    """Measure what an image costs each model, unless that is done.

    Numbers of other settings are replaced: they take minutes, not days.
    """
    job = _cost_job(suite, work_dir, runs)
    with job.claimed() as mine:
        if not mine:
            echo('Costs: left to the process that is at it')
            return []
        result = job.result()
        stale = result is None or job.changes() or any(
            'error' in cost for cost in result['rows'].values())
        if stale:
            if any(run.job.busy() for run in runs):
                echo('Costs: not measured while runs are under way')
                return []
            job.clear()
            executor.start(job, lambda place: echo(
                f'Costs of an image, all models in turn: {place}'))
    if stale:
        reason = executor.wait().reason
        if reason is not None:
            return [Failure('Costs', reason, job.log, job.last_words())]
        result = job.result()
    return [
        Failure(f'{suite.row(name).title}, costs', cost['error'], job.log)
        for name, cost in result['rows'].items() if 'error' in cost
    ]
