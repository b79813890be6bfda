"""A model trained once for each fold and seed, each run isolated."""
import copy
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.executors import Executor
from mmseg_ext.basics.out_of_fold import RECORD
from mmseg_ext.basics.printable import counted
from mmseg_ext.planning import Folds, make_folds, read_folds, read_keys

from ..jobs import Job
from ..queue import Failure, check_settings, do_runs
from .pool import Pool, use_lists

FOLDS, LISTS, RUNS = 'folds', 'lists', 'runs'
NUM_FOLDS = 5


@dataclass(frozen=True)
class FoldRun:
    """One training and prediction, see :class:`~..queue.Queued`."""
    fold: int
    seed: int
    job: Job

    @property
    def title(self) -> str:
        return f'fold {self.fold + 1}, seed {self.seed}'

    @property
    def label(self) -> str:
        return self.title

    @property
    def kind(self) -> str:
        return 'fold'

    def why_not(self) -> None:
        """It needs no other."""


def open_results(root: Path, config: str) -> None:
    """Begin a folder of results, or go on in it.

    Raises:
        FileExistsError: If it holds files of others.
        ValueError: If it was begun with another config.
    """
    record = root / RECORD
    if record.is_file():
        began = json.loads(record.read_text(encoding='utf-8'))['config']
        if began != config:
            raise ValueError(
                f'{root} was begun with {began}, not with {config}: name '
                'another folder with --work-dir')
        return
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise FileExistsError(f'{root} holds files that are not of a '
                              'cross-validation; name another folder with '
                              '--work-dir. Nothing was written.')
    write_atomically(record, json.dumps(dict(config=config)))


def settle_folds(root: Path, pool: Pool, num_folds: Optional[int],
                 groups: Optional[str], seed: int,
                 progress: Callable[[int, int], None]
                 ) -> tuple[Folds, list[str]]:
    """Read the folds of a folder of results, or deal them out.

    Args:
        root: The folder; the lists are in ``folds``.
        pool: The images.
        num_folds: How many; None: as many as there are lists, else 5.
        groups: See :func:`~mmseg_ext.planning.read_keys`; None: images are
            grouped where they are nearly the same.
        seed: Seed of the order in which images are dealt out.
        progress: Called with the number of images looked at, and of all.

    Returns:
        The folds, and sentences on what a person should know of them.

    Raises:
        ValueError: If the lists are no folds, or not so many.
    """
    folder = root / FOLDS
    folds = read_folds(folder, pool.samples)
    if folds is None:
        keys = None if groups is None else read_keys(groups, pool.names)
        folds = make_folds(pool.names, *pool.look(progress), keys,
                           num_folds or NUM_FOLDS, seed)
        folds.write(folder)
    else:
        if num_folds not in (None, len(folds.lists)):
            raise ValueError(
                f'{folder} has {len(folds.lists)} lists and --folds is '
                f'{num_folds}: leave --folds out, or name another folder '
                'with --work-dir')
        if groups is not None:
            keys = read_keys(groups, folds.images)
            folds = Folds(folds.lists, keys)
    notes = []
    if folds.torn():
        notes.append(
            counted(len(folds.torn()), 'group has', 'groups have')
            + ' images in several folds, such '
            f'as {folds.torn()[0]}: a model may be judged by what it has '
            'all but seen.')
    left = sorted({*pool.names} - {*folds.images})
    if left:
        notes.append(counted(len(left), 'image is in no list and takes',
                             'images are in no list and take')
                     + f' no part, such as {left[0]}.')
    return folds, notes


def list_runs(cfg: Config, pool: Pool, folds: Folds, seeds: Sequence[int],
              root: Path) -> list[FoldRun]:
    """Return the runs, seed by seed, and write the lists that they read.

    The last checkpoint is the one that predicts: nothing is chosen by the
    images that judge. They are validated on the way all the same, for the
    learning curves.

    Args:
        cfg: Config of all of them.
        pool: Its images.
        folds: How they are dealt out.
        seeds: Of the runs of each fold.
        root: Folder of the results.
    """
    cfg = copy.deepcopy(cfg)
    cfg.merge_from_dict({
        'default_hooks.checkpoint.save_best': None,
        'default_hooks.checkpoint.max_keep_ckpts': 2
    })
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks') or ()
                        if 'EarlyStopping' not in str(hook['type'])]
    cfg.test_evaluator = _with_writer(cfg.get('test_evaluator'))
    if cfg.get('val_evaluator') is None:
        cfg.merge_from_dict(dict(val_cfg=None, val_dataloader=None))
    cfg.pop('work_dir', None)  # the run's own
    # as the runs will read it: what is no text fails now, not there
    cfg = Config.fromstring(cfg.pretty_text, '.py')
    runs = []
    for seed in seeds:
        for number, held_out in enumerate(folds.lists):
            own = copy.deepcopy(cfg)
            lists = [str(_write_list(root, f'{kind}_{number + 1}', names))
                     for kind, names in (('train', folds.trained(number)),
                                         ('held_out', held_out))]
            use_lists(own, pool, *lists)
            own.merge_from_dict({'randomness.seed': seed})
            runs.append(FoldRun(number, seed, Job(
                'fold', run_folder(root, number, seed), own)))
    return runs


def run_folder(root: Path, fold: int, seed: int) -> Path:
    """Folder of one run."""
    return root / RUNS / f'fold_{fold + 1}' / f'seed_{seed}'


def run_folds(runs: Sequence[FoldRun], redo: bool,
              echo: Callable[[str], None],
              executor: Optional[Executor] = None) -> list[Failure]:
    """Do what is not done, each in a process of its own.

    One that fails does not stop the rest, and is tried again the next time;
    one that was interrupted goes on from its last checkpoint.

    Args:
        runs: See :func:`list_runs`.
        redo: Delete runs that began with other settings or lists, and run
            them again.
        echo: Called with each line of progress.
        executor: Does them; None: this machine, one after the other.

    Returns:
        What failed.

    Raises:
        ValueError: If a run began with other settings or lists and is not
            to be done again.
    """
    if not redo:
        check_settings(runs)
    return do_runs(runs, runs, redo, echo, lambda result: [
        f'mIoU {result["metrics"][name]:.2f}' for name in result['metrics']
        if name.split('/')[-1] == 'mIoU'], executor)


def _write_list(root: Path, name: str, images: Sequence[str]) -> Path:
    """Write a list whose name tells it from those of other folds.

    A run that read another one so has other settings.
    """
    text = '\n'.join([*images, ''])
    digest = hashlib.sha256(text.encode(errors='surrogateescape'))
    path = root.resolve() / LISTS / f'{name}_{digest.hexdigest()[:8]}.txt'
    if not path.exists():
        write_atomically(path, text)
    return path


def _with_writer(evaluator) -> list[dict]:
    """Add a metric that writes predictions where there is none."""
    evaluators = ([] if evaluator is None else
                  [evaluator] if isinstance(evaluator, dict)
                  else list(evaluator))
    if any(metric['type'] == 'PerClassIoUMetric' for metric in evaluators):
        # the first one writes, see mmseg_ext.engine.test
        return sorted(evaluators,
                      key=lambda metric: metric['type'] != 'PerClassIoUMetric')
    return [dict(type='PerClassIoUMetric', iou_metrics=['mIoU'],
                 prefix='folds'), *evaluators]
