"""A cross-validation from the folds to the report."""
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics.console import count_progress
from mmseg_ext.basics.executors import Executor
from mmseg_ext.basics.printable import counted

from ..queue import Failure, check_settings
from .measured import measure
from .pool import check_target, read_pool
from .report import Summary, write_results
from .runs import FOLDS, list_runs, open_results, run_folds, settle_folds


@dataclass(frozen=True)
class CrossValidation:
    """What has come out.

    Attributes:
        summary: Numbers of all images together; None if no run is finished.
        notes: Sentences that belong to them.
        failures: Runs that did not work.
    """
    summary: Optional[Summary]
    notes: tuple[str, ...]
    failures: list[Failure]


def cross_validate(cfg: Config,
                   name: str,
                   root: Path,
                   num_folds: Optional[int] = None,
                   seeds: Sequence[int] = (0, ),
                   groups: Optional[str] = None,
                   fold_seed: int = 0,
                   redo: bool = False,
                   report_only: bool = False,
                   echo: Callable[[str], None] = print,
                   executor: Optional[Executor] = None) -> CrossValidation:
    """Train a model for each fold and seed, and judge it by the held-out.

    Training and validation images are pooled; a test part stays out. Each
    run is a process of its own; what is finished is not repeated, and what
    failed is tried again the next time.

    Args:
        cfg: Config of the model, see :func:`mmseg_ext.engine.load_config`.
        name: Of the config.
        root: Folder of the results.
        num_folds: How many folds; None: 5, or as many lists as ``folds`` in
            ``root`` holds.
        seeds: Of the trainings of each fold.
        groups: A table or a pattern of what stays together, see
            :func:`mmseg_ext.planning.read_keys`.
        fold_seed: Seed of dealing the images out.
        redo: Delete runs that began with other settings or lists, and run
            them again.
        report_only: Run nothing, report what is finished.
        echo: Called with each line of progress.
        executor: Does the runs; None: this machine, one after the other.

    Raises:
        FileExistsError: If the folder holds files of others.
        FileNotFoundError: If images, masks or lists are missing, or nothing
            is finished and nothing is to be run.
        ValueError: If the data set, its target, the lists or the groups are
            not allowed, or a run began with other settings and is not to be
            done again.
        RuntimeError: If a worker of the executor cannot do them.
    """
    pool = read_pool(cfg)
    if not report_only:
        check_target(cfg)
    open_results(root, name)
    folds, notes = settle_folds(root, pool, num_folds, groups, fold_seed,
                                count_progress('images looked at'))
    for note in notes:
        echo(note)
    num_groups = len({*folds.groups.values()})
    grouped = (f', in {num_groups} groups that stay together'
               if num_groups < len(folds.images) else '')
    echo(f'{counted(len(folds.images), "image")}{grouped}, in '
         f'{counted(len(folds.lists), "fold")} '
         f'of {", ".join(str(len(names)) for names in folds.lists)}: '
         f'{root / FOLDS}')
    runs = list_runs(cfg, pool, folds, seeds, root)
    if report_only:
        check_settings([run for run in runs if run.job.result() is not None])
        failures = []
    else:
        if executor is not None:
            executor.share([root], pool.folders())
        failures = run_folds(runs, redo, echo, executor)
    if failures and not any(run.job.result() for run in runs):
        return CrossValidation(None, tuple(notes), failures)
    measured = measure(root, name, pool, folds, seeds, notes,
                       count_progress('images measured'))
    for note in measured.notes[len(notes):]:
        echo(note)
    summary = write_results(root, measured, pool, len(folds.lists))
    return CrossValidation(summary, measured.notes, failures)
