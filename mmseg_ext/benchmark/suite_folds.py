"""The rows of a suite, each cross-validated on the same folds."""
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from mmseg_ext.basics import FileLock
from mmseg_ext.basics.console import count_progress
from mmseg_ext.basics.listing import name_some
from mmseg_ext.planning import Folds

from .cross_validation.measured import Measured, measure
from .cross_validation.pool import Pool, check_target, read_pool
from .cross_validation.report import Summary, write_results
from .cross_validation.runs import FOLDS, FoldRun, list_runs, settle_folds
from .queue import Failure
from .row_config import leave_out_validation
from .row_options import Row
from .suite import Suite


def row_folder(suite: Suite, work_dir: Path, row: Row) -> Path:
    """Folder of a row: that of a cross-validation, where there are folds."""
    return work_dir / suite.runs / row.name


@dataclass(frozen=True)
class FoldedRows:
    """What :func:`fold_rows` has found.

    Attributes:
        suite: Whose rows they are.
        work_dir: Folder of the folders of runs.
        folds: Of all rows.
        configs: Row -> config of its runs.
        pools: Row -> its images, the same of all.
        notes: Sentences on what a person should know of the folds.
        failures: Row -> why it cannot be cross-validated.
    """
    suite: Suite
    work_dir: Path
    folds: Folds
    configs: Mapping[str, Config]
    pools: Mapping[str, Pool]
    notes: tuple[str, ...]
    failures: Mapping[str, Failure]

    def runs(self) -> Iterator[tuple[Row, FoldRun]]:
        """Yield the runs: seed by seed and fold by fold, rows in turn."""
        rows = [row for row in self.suite.rows if row.name in self.pools]
        of_rows = [list_runs(self.configs[row.name], self.pools[row.name],
                             self.folds, self.suite.seeds,
                             row_folder(self.suite, self.work_dir, row))
                   for row in rows]
        for runs in zip(*of_rows):
            yield from zip(rows, runs)

    def measured(self, row: Row,
                 progress: Callable[[int, int], None]
                 ) -> tuple[Measured, Summary]:
        """Measure a row by its finished runs, and write its report.

        Args:
            row: One that has a pool.
            progress: Called with the number of images done, and of all.

        Raises:
            FileNotFoundError: If no run of it is finished.
        """
        root = row_folder(self.suite, self.work_dir, row)
        pool = self.pools[row.name]
        found = measure(root, row.title, pool, self.folds, self.suite.seeds,
                        [*self.notes, *_changed(row)], progress,
                        _config_file(row, root))
        return found, write_results(root, found, pool, len(self.folds.lists))

    def whole(self, measured: Measured) -> bool:
        """Return whether every image has a prediction."""
        return len(measured.names) == len(self.folds.images)


def _config_file(row: Row, root: Path) -> str:
    """Return the name of a row's config, read or planned."""
    if row.plan is None:
        return Path(row.config).name
    return next((path.name for path in sorted(root.glob('plan/*.py'))), '')


def _changed(row: Row) -> list[str]:
    """Say that the model is not that of the config alone."""
    options = ', '.join(f'{key}={value!r}'
                        for key, value in row.cfg_options.items())
    return [f'{row.title} is its config with {options}.'] if options else []


def fold_rows(suite: Suite, work_dir: Path,
              configs: Mapping[str, Config],
              failures: Mapping[str, Failure]) -> FoldedRows:
    """Deal out a suite's images, once for all rows.

    The lists are in ``folds`` beside the rows' folders; edited ones are
    honoured.

    Args:
        suite: With folds.
        work_dir: Folder of the folders of runs.
        configs: Row -> config, with validation.
        failures: Row -> why it has none.

    Raises:
        ValueError: If the lists are no folds of the images, or not so many.
    """
    pools, failures = {}, dict(failures)
    for name, cfg in configs.items():
        try:
            check_target(cfg)
            pools[name] = read_pool(cfg)
        except (OSError, ValueError) as error:
            failures[name] = Failure(suite.row(name).title, str(error))
        leave_out_validation(cfg)  # its images alone take part
    if not pools:
        return FoldedRows(suite, work_dir, Folds((), {}), configs, {}, (),
                          failures)
    pool = next(iter(pools.values()))
    for name, other in [*pools.items()]:
        single = sorted({*pool.names} ^ {*other.names})
        if single or other.classes != pool.classes:
            what = (f'images, such as {name_some(single)}' if single
                    else 'classes')
            failures[name] = Failure(
                suite.row(name).title, f'it has other {what} than '
                f'{suite.row(next(iter(pools))).title}: rows of one suite '
                'are compared image by image')
            del pools[name]
    home = work_dir / suite.runs
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / 'folds.lock')
    while not lock.acquire():  # another process deals out the same
        time.sleep(0.1)
    try:
        wishes = suite.folds
        there = (home / FOLDS).is_dir()
        folds, notes = settle_folds(
            home, pool, None if there else wishes.number, wishes.groups,
            wishes.seed, count_progress('images looked at'))
    finally:
        lock.release()
    if len(folds.lists) != wishes.number:
        raise ValueError(
            f'{home / FOLDS} has {len(folds.lists)} lists, and folds of the '
            f'suite is {wishes.number}: change the suite, or name another '
            'folder with --work-dir')
    return FoldedRows(suite, work_dir, folds, configs, pools, tuple(notes),
                      failures)
