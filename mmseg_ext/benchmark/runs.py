"""Train and test every row of a suite with every seed, each run once."""
import copy
import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics import FileLock
from mmseg_ext.engine import load_config
from mmseg_ext.planning import Plan, Wishes, make_plan

from .jobs import Job
from .queue import Failure, check_settings, do_runs
from .suite import Column, Row, Suite

REPEATS = 20  # timed passes of each model


def run_folder(suite: Suite, work_dir: Path, row: Row, seed: int) -> Path:
    """Folder of one run."""
    return work_dir / suite.runs / row.name / f'seed_{seed}'


def cost_folder(suite: Suite, work_dir: Path) -> Path:
    """Folder of the costs; no row has its name."""
    return work_dir / suite.name / '_cost'


def row_config(suite: Suite, row: Row, work_dir: Path) -> Config:
    """Make the config of a row's runs, but for the seed.

    The suite's changes to the row's config, then the row's own, then what
    holds for every run: no validation on the way, so that nothing is chosen
    by the numbers that are reported, and two checkpoints, of which one is
    whole at any moment.

    Args:
        suite: Whose row it is.
        row: Its config is read, or planned from the suite's data.
        work_dir: Folder of the folders of runs, where a plan is kept.
    """
    cfg = _read_config(suite, row, work_dir)
    cfg.merge_from_dict(copy.deepcopy(row.cfg_options))
    cfg.merge_from_dict({
        'val_cfg': None,
        'val_dataloader': None,
        'val_evaluator': None,
        'default_hooks.checkpoint.save_best': None,
        'default_hooks.checkpoint.max_keep_ckpts': 2
    })
    cfg.pop('work_dir')  # the folder's own, wherever that is
    if row.teacher is not None:
        cfg.model.pop('teacher', None)  # the run of its seed
    # as the run will read it: what is no text fails now, not there
    return Config.fromstring(cfg.pretty_text, '.py')


def _read_config(suite: Suite, row: Row, work_dir: Path) -> Config:
    """Read a row's config, or plan it for the suite's data.

    The same data give the same plan. Other data give another one, which the
    runs that began by the earlier one then do not fit.
    """
    changes = dict(
        cfg_options=copy.deepcopy(suite.cfg_options),
        data_root=suite.data_root,
        from_scratch=suite.from_scratch)
    if row.plan is None:
        return load_config(row.config, **changes)
    asked = dict(row.plan)
    classes = asked.pop('classes', None)
    plan = _plan_once(
        suite.data_root, work_dir / suite.runs / row.name / 'plan',
        classes and tuple(classes),
        # no choice depends on the number of steps, which is the suite's
        Wishes(steps=1, **asked))
    return load_config(str(plan.config), **changes)


@lru_cache
def _plan_once(data_root: str, out: Path, classes: Optional[tuple[str, ...]],
               wishes: Wishes) -> Plan:
    """Plan for a row; once in a process, which reads its config often."""
    out.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out.with_name('plan.lock'))
    while not lock.acquire():  # another process plans the same
        time.sleep(0.1)
    try:
        return make_plan(data_root, out, wishes, classes=classes,
                         overwrite=True)
    finally:
        lock.release()


@dataclass(frozen=True)
class Run:
    """One training and test, see :class:`~.queue.Queued`."""
    row: Row
    seed: int
    job: Job

    @property
    def title(self) -> str:
        return f'{self.row.title}, seed {self.seed}'

    @property
    def label(self) -> str:
        return f'seed {self.seed}, {self.row.title}'

    @property
    def kind(self) -> str:
        return self.row.name

    def why_not(self) -> Optional[str]:
        """Return why it cannot learn from another one, None if it can."""
        if self.row.teacher is None:
            return None
        folder = self.job.folder / self.job.cfg.teacher_run
        teacher = Job('run', Path(os.path.normpath(folder)), Config())
        while teacher.busy():  # of another process
            time.sleep(1)
        if teacher.result() is not None:
            return None
        return (f'it learns from the row {self.row.teacher}, which has no '
                'finished run of this seed; run that first')


def row_configs(suite: Suite, work_dir: Path
                ) -> tuple[dict[str, Config], dict[str, Failure]]:
    """Return the rows' configs, and why others cannot be had.

    Where a suite gives equal times, the steps are those that were timed.
    """
    configs, failures = {}, {}
    for row in suite.rows:
        try:
            configs[row.name] = row_config(suite, row, work_dir)
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


def list_runs(suite: Suite,
              work_dir: Path) -> tuple[list[Run], dict[str, Failure]]:
    """Return a suite's runs, and the rows whose configs cannot be had.

    Seed by seed: an interrupted suite has whole tables of fewer seeds.
    """
    configs, failures = row_configs(suite, work_dir)
    runs = []
    for seed in suite.seeds:
        for row in suite.rows:
            if row.name not in configs:
                continue
            cfg = copy.deepcopy(configs[row.name])
            cfg.merge_from_dict({'randomness.seed': seed})
            folder = run_folder(suite, work_dir, row, seed)
            if row.teacher is not None:
                teacher = run_folder(suite, work_dir,
                                     suite.row(row.teacher), seed)
                # as seen from the run: the folder of all may be moved
                cfg.teacher_run = os.path.relpath(teacher, folder)
            runs.append(Run(row, seed, Job('run', folder, cfg)))
    return runs, failures


def run_suite(suite: Suite,
              work_dir: Path,
              rows: Optional[Collection[str]] = None,
              seeds: Optional[Collection[int]] = None,
              redo: bool = False,
              echo: Callable[[str], None] = print) -> list[Failure]:
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

    Returns:
        What failed.

    Raises:
        FileNotFoundError: If the data folder does not exist.
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
    failures = _time_steps(suite, work_dir, rows, redo, echo)
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
        _describe, suite.columns))
    return failures + _measure(suite, work_dir, runs, echo)


def _describe(columns: Sequence[Column], result: dict) -> list[str]:
    return [
        f'{column.title} {result["metrics"][column.key]:.{column.digits}f}'
        for column in columns if column.key in result['metrics']
    ]


def _step_jobs(suite: Suite, work_dir: Path,
               configs: dict[str, Config]) -> dict[str, Job]:
    """Return the timing of each row's steps beside those of the reference."""
    reference = configs.get(suite.equal_time.row)
    return {} if reference is None else {
        name: Job('steps', work_dir / suite.name / '_steps' / name, Config(
            dict(custom_imports=_imports([cfg, reference]),
                 row=cfg.to_dict(), reference=reference.to_dict())))
        for name, cfg in configs.items() if name != suite.equal_time.row
    }


def _time_steps(suite: Suite, work_dir: Path,
                rows: Optional[Collection[str]], redo: bool,
                echo: Callable[[str], None]) -> list[Failure]:
    """Time the steps of the rows that have no time yet.

    Those that another process is timing are waited for: without them it is
    not known how long to train. A time of other settings stays, unless it is
    to be done again: the runs that began by it fit no other, not even that
    of the same settings.
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
            echo(f'Steps of {suite.row(name).title} beside those of '
                 f'{suite.row(suite.equal_time.row).title}: {job.log}')
            job.clear()
            reason = job.execute()
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
    models = {run.row.name: run.job.cfg.model.to_dict() for run in runs}
    return Job(
        'cost', cost_folder(suite, work_dir),
        Config(
            dict(
                custom_imports=_imports(run.job.cfg for run in runs),
                models=models,
                input_size=suite.input_size,
                repeats=REPEATS)))


def _measure(suite: Suite, work_dir: Path, runs: Sequence[Run],
             echo: Callable[[str], None]) -> list[Failure]:
    """Measure what an image costs each model, unless that is done.

    Numbers of other settings are replaced: they take minutes, not days.
    """
    job = _cost_job(suite, work_dir, runs)
    with job.claimed() as mine:
        if not mine:
            echo('Costs: left to the process that is at it')
            return []
        result = job.result()
        if result is None or job.changes() or any(
                'error' in cost for cost in result['rows'].values()):
            if any(run.job.busy() for run in runs):
                echo('Costs: not measured while runs are under way')
                return []
            echo(f'Costs of an image, all models in turn: {job.log}')
            job.clear()
            reason = job.execute()
            if reason is not None:
                return [Failure('Costs', reason, job.log, job.last_words())]
            result = job.result()
    return [
        Failure(f'{suite.row(name).title}, costs', cost['error'], job.log)
        for name, cost in result['rows'].items() if 'error' in cost
    ]
