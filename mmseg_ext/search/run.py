"""A search from its file to its report."""
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Optional

from mmseg_ext.basics import claimed_folder
from mmseg_ext.basics.executors import Executor, LocalExecutor
from mmseg_ext.benchmark.queue import Failure

from .evaluation import Evaluation
from .final import Entry, finalists, read_finals, run_finals
from .loop import try_candidates
from .records import Record, read_records
from .report import Report, write_report
from .search_file import Search
from .study import JOURNAL, Settings, Study


def run_search(search: Search, work_dir: Path, settings: Settings,
               tables_only: bool = False,
               echo: Callable[[str], None] = print,
               executor: Optional[Executor] = None
               ) -> tuple[Report, list[Failure]]:
    """Try candidates, compare the best with the base, write the report.

    Interrupted or run again, it goes on where it was: with the trial that
    was at work, from its last checkpoint. Nothing is trained twice.

    Args:
        search: See :func:`mmseg_ext.search.read_search`.
        work_dir: Folder of the folders of searches.
        settings: How candidates are chosen.
        tables_only: Train nothing, write the tables of what is finished.
        echo: Called with each line of progress.
        executor: Does trainings and measurements, of as many trials at once
            as it has slots; None: this machine, one after the other.

    Returns:
        The report; and which trials were lost with their workers, and which
        trainings of the final table have failed. The next call does them.

    Raises:
        BlockingIOError: If another process is at this search.
        FileNotFoundError: If the data folder does not exist, or nothing is
            there to write tables of.
        ImportError: If optuna is not installed.
        RuntimeError: If a worker of the executor does not see the folders.
        ValueError: If it was begun with other settings, or the base is none
            to search from.
    """
    root = work_dir / search.name
    folder = root / settings.folder
    data = search.data_root or search.cfg.get('data_root')
    if data is not None and not Path(data).is_dir():
        raise FileNotFoundError(
            f'There is no data folder {data}. Another one: --data-root DIR. '
            f'{search.data_help}'.rstrip())
    if tables_only and not (folder / JOURNAL).is_file():
        raise FileNotFoundError(f'{folder} has no {JOURNAL}: nothing was '
                                'searched there yet')
    executor = executor or LocalExecutor()
    with claimed_folder(root):
        if not tables_only:
            executor.share([root], [] if data is None else [Path(data)])
        study = Study(search, settings, folder)
        failures: list[Failure] = []
        if not tables_only:
            failures = try_candidates(
                study, Evaluation(search, root, not settings.multi), echo,
                executor)
        records = read_records(study)
        entries: list[Entry] = []
        if search.final is not None:
            entries = finalists(search, root, records,
                                _controls(study, root), settings.multi)
            if not tables_only:
                echo('Final table, with fresh seeds:')
                failures += run_finals(entries, echo, search.objective,
                                      executor)
        return write_report(
            study, read_finals(entries, search.objective)), failures


def _controls(study: Study, root: Path) -> dict[str, list[Record]]:
    """Return the trials of random search, if it has searched the same."""
    if study.settings.sampler == 'random':
        return {}
    settings = replace(study.settings, sampler='random')
    folder = root / settings.folder
    if not (folder / JOURNAL).is_file():
        return {}
    try:
        return dict(random=read_records(Study(study.search, settings,
                                              folder)))
    except ValueError:  # of other settings, which do not compare
        return {}
