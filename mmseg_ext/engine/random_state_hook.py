"""Let a resumed training be the one that was not interrupted."""
import logging
from collections.abc import Iterator, Mapping
from typing import Optional

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from mmseg.registry import HOOKS
from torch import Tensor

from .random_states import random_states, set_random_states
from .worker_states import WorkerStates

KEY = 'random_states'  # in a checkpoint


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Keep the random generators' states in checkpoints, and restore them.

    On a CPU a resumed training then equals the unbroken one bit for bit: the
    same images in the same order, augmented in the same way, the same
    dropout. Without it a resumed training draws the numbers of a beginning
    once more.

    Where the data are: by iterations mmengine draws all batches anew that
    the training has had, which brings the sampler and the loading processes
    to where they were; by epochs the sampler follows from the epoch, and the
    loading processes' states are in the checkpoint. A checkpoint from within
    an epoch holds the states of its beginning, too, and the epoch's batches
    that the training has had are drawn anew.

    Validation draws nothing from the training's generators, so that it makes
    no difference whether a checkpoint is written before or after it.

    What it cannot do is said when a training is resumed: another number of
    loading processes, another batch size or seed, several training processes
    (the checkpoint is the first one's), a checkpoint of the best weights
    alone, or without states. A GPU's kernels, and another version of torch,
    may round differently. Gradients that were accumulated and not yet applied
    are in no checkpoint.
    """

    # The first: other hooks may draw numbers.
    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._loaded: dict = {}
        self._aside: Optional[dict[str, Tensor]] = None  # in a validation
        self._again: Optional[dict[str, Tensor]] = None
        self._workers: Optional[WorkerStates] = None
        self._epoch: Optional[dict] = None  # where the current one began

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        kept = dict(
            states=self._aside or random_states(), setting=_setting(runner))
        if self._workers is not None:
            kept['workers'] = self._workers.read()
        if self._epoch is not None:
            kept['epoch'] = self._epoch
        checkpoint[KEY] = kept

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        if isinstance(checkpoint, dict):
            self._loaded = dict(checkpoint.get(KEY) or {},
                                optimizer='optimizer' in checkpoint)

    def before_train(self, runner) -> None:
        loaded, self._loaded = self._loaded, {}
        resumed = runner.iter > 0
        if resumed:
            _say_differences(runner, loaded)
        loader, loop = runner.train_dataloader, runner.train_loop
        by_epoch = isinstance(loop, EpochBasedTrainLoop)
        had = _had_of_epoch(runner) if resumed else 0
        begun = loaded.get('epoch') if had else None
        workers = (begun or loaded).get('workers') if resumed else None
        if by_epoch and loader.num_workers and loader.persistent_workers:
            if workers is not None and (
                    get_rank() or len(workers['torch']) != loader.num_workers):
                workers = None
            self._workers = WorkerStates(loader, workers)
        if not resumed or not _is_ours(runner) or 'states' not in loaded:
            return
        states = loaded['states']
        if begun is not None:
            set_random_states(begun['states'])
            loop.dataloader = _RestOfEpoch(loop, had, states)
            return
        set_random_states(states)
        if isinstance(loop, IterBasedTrainLoop):
            loop.dataloader_iterator = _RestoredAfter(
                loop.iter, loop.dataloader_iterator, states)
        elif self._workers is not None:
            self._again = states

    def before_train_epoch(self, runner) -> None:
        if isinstance(runner.train_loop, EpochBasedTrainLoop):
            workers = self._workers
            self._epoch = dict(
                states=random_states(),
                workers=None if workers is None else workers.read())

    def after_train_epoch(self, runner) -> None:
        self._epoch = None

    def before_train_iter(self, runner, batch_idx: int,
                          data_batch=None) -> None:
        # Processes that go on through all epochs draw a seed when they are
        # started, which the unbroken training did long ago.
        if self._again is not None:
            set_random_states(self._again)
            self._again = None

    def before_val(self, runner) -> None:
        self._aside = random_states()

    def after_val(self, runner) -> None:
        if self._aside is not None:
            set_random_states(self._aside)
            self._aside = None


class _RestoredAfter:
    """Restore the states once the batches of before are drawn anew."""

    def __init__(self, skipped: int, batches: Iterator,
                 states: Mapping[str, Tensor]) -> None:
        self._left, self._batches, self._states = skipped, batches, states

    def __iter__(self):
        return self

    def __next__(self):
        if not self._left:
            set_random_states(self._states)
        self._left -= 1
        return next(self._batches)


class _RestOfEpoch:
    """A loop's loader, whose first epoch begins after some batches."""

    def __init__(self, loop: EpochBasedTrainLoop, had: int,
                 states: Mapping[str, Tensor]) -> None:
        self._loop, self._loader = loop, loop.dataloader
        self._had, self._states = had, states

    def __getattr__(self, name: str):
        return getattr(self._loader, name)

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator:
        self._loop.dataloader = self._loader
        batches = iter(self._loader)
        for _ in range(self._had):
            next(batches)
        set_random_states(self._states)
        yield from batches


def _had_of_epoch(runner: Runner) -> int:
    """Return how many iterations of its epoch a resumed training has had.

    0: there are no epochs, the data have changed since, or other processes
    would go on with another batch.
    """
    length = len(runner.train_dataloader)
    had = runner.iter - runner.epoch * length
    by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
    return had * (by_epoch and 0 < had <= length and get_world_size() == 1)


def _is_ours(runner: Runner) -> bool:
    """Whether the first process's states are those of this one."""
    randomness = runner.cfg.get('randomness') or {}
    return get_rank() == 0 or (runner.train_dataloader.num_workers > 0
                               and not randomness.get('diff_rank_seed'))


def _setting(runner: Runner) -> dict:
    """Return what else decides which numbers are drawn, in plain values."""
    loader = runner.train_dataloader
    return {
        'randomness.seed': getattr(loader.sampler, 'seed', runner.seed),
        'train_dataloader.num_workers': loader.num_workers,
        'train_dataloader.batch_size': loader.batch_size,
        'the number of images': len(loader.dataset),
        'the number of processes': get_world_size(),
        'the version of torch': str(torch.__version__),
        'the kind of device': next(runner.model.parameters()).device.type,
    }


def _say_differences(runner: Runner, loaded: dict) -> None:
    """Say what keeps a resumed training from being the unbroken one."""
    found = []
    if 'states' not in loaded:
        found.append('the checkpoint holds no states of random generators')
    if not loaded.get('optimizer'):
        found.append('the checkpoint holds no state of the optimizer')
    before = loaded.get('setting', {})
    found += [f'{name} is {value}, and was {before[name]}'
              for name, value in _setting(runner).items()
              if name in before and before[name] != value]
    if get_world_size() > 1:
        found.append('the checkpoint holds the states of the first process '
                     'alone')
    length = len(runner.train_dataloader)
    if (isinstance(runner.train_loop, EpochBasedTrainLoop)
            and runner.iter % length
            and not (_had_of_epoch(runner) and 'epoch' in loaded)):
        found.append(f'the checkpoint is from within an epoch of {length} '
                     'iterations, which begins anew')
    if found:
        print_log('The resumed training is not exactly the unbroken one: '
                  + '; '.join(found),
                  logger='current', level=logging.WARNING)
    elif next(runner.model.parameters()).device.type != 'cpu':
        print_log('The random generators are where they were; what a GPU '
                  'computes may differ in rounding from the unbroken '
                  'training', logger='current')
