"""What a training writes to the console."""
import os.path as osp
import time
from collections.abc import Sequence
from statistics import mean
from typing import Optional

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmseg_ext.basics import format_duration
from mmseg_ext.basics.console import Console, Progress

from ..best_checkpoints import best_checkpoints
from ..threshold import ThresholdHook
from .metric_table import format_metric, metric_lines
from .next_commands import next_commands
from .pace import Pace, count_validations, pace_parts, seconds_left
from .run_facts import (
    last_checkpoint,
    list_classes,
    print_facts,
    short_path,
    training_facts,
)

SMOOTHED = 20  # iterations whose mean loss is shown


class TrainingConsoleHook(Hook):
    """Tell what a training does: a head, its progress, its results.

    A head of some ten lines, one line of progress with the time left, a
    table for each validation, and at the end the checkpoints and the
    commands that use them.

    Args:
        console: Where to.
        cited: See :func:`~mmseg_ext.engine.console.cited_config.cite_config`.
    """

    # Behind the hooks that save checkpoints, and log.
    priority = 'LOWEST'

    def __init__(self,
                 console: Console,
                 cited: Optional[Sequence[str]] = None) -> None:
        self._console = console
        self._cited = cited
        self._val_seconds: list[float] = []

    def before_train(self, runner) -> None:
        print_facts(self._console, training_facts(runner))
        self._best = best_checkpoints(runner)
        self._begun = time.monotonic()
        self._pace = Pace()
        self._progress = Progress(self._console, runner.max_iters,
                                  runner.iter)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None,
                         outputs: Optional[dict] = None) -> None:
        self._pace.step()
        self._progress.show(runner.iter + 1, lambda: self._line(runner))

    def before_val_epoch(self, runner) -> None:
        self._val_begun = time.monotonic()
        self._val_progress = Progress(self._console,
                                      len(runner.val_dataloader))

    def after_val_iter(self, runner, batch_idx: int, data_batch=None,
                       outputs: Optional[Sequence] = None) -> None:
        # Where lines stay the table that follows says enough.
        if self._console.in_place:
            self._val_progress.show(batch_idx + 1, lambda: (
                f'validation {batch_idx + 1}/{len(runner.val_dataloader)}'))

    def after_val_epoch(self, runner, metrics: Optional[dict] = None) -> None:
        self._val_seconds.append(time.monotonic() - self._val_begun)
        best = best_checkpoints(runner)
        title = (f'Validation at {_step(runner)}, in '
                 f'{format_duration(self._val_seconds[-1])}')
        for name, path in best.items():
            title += (f', the best {name} so far'
                      if path != self._best.get(name) else
                      f'; the best {name} is still '
                      f'{_score(runner, name)}, {osp.basename(path)}')
        self._best = best
        classes = list_classes(runner.val_dataloader.dataset)
        self._console.print(title)
        for line in metric_lines(metrics or {}, classes, list(best)):
            self._console.print(f'  {line}')
        self._pace.start()

    def after_train(self, runner) -> None:
        took = format_duration(time.monotonic() - self._begun)
        early = runner.iter < runner.max_iters
        self._console.print(
            f'Done in {took}'
            + (f', stopped early at {_step(runner)}' if early else ''))
        last = last_checkpoint(runner.work_dir)
        for name, path in self._best.items():
            self._console.print(f'Best checkpoint: {short_path(path)} '
                                f'({name} {_score(runner, name)})')
        if last is not None:
            self._console.print(f'Last checkpoint: {short_path(last)}')
        checkpoint = next(iter(self._best.values()), last)
        threshold = _with_threshold(runner)
        if threshold is not None:
            self._console.print(
                'The best one with the threshold that suits the validation '
                f'images: {short_path(str(threshold.written))}')
            for line in threshold.said:
                self._console.print(f'  {line}')
            checkpoint = str(threshold.written)
        if checkpoint is not None:
            for line in next_commands(runner, checkpoint, self._cited):
                self._console.print(line)

    def _line(self, runner) -> str:
        """Word how far the training is, after an iteration."""
        loop, done = runner.train_loop, runner.iter + 1
        parts = [f'iter {done}/{runner.max_iters}']
        if _by_epoch(runner):
            parts.insert(0, f'epoch {runner.epoch + 1}/{runner.max_epochs}')
        if 'train/loss' in runner.message_hub.log_scalars:
            loss = runner.message_hub.get_scalar('train/loss').mean(SMOOTHED)
            parts.append(f'loss {loss:.4f}')
        validations = 0
        if runner.val_loop is not None:
            # one may be due right now: it is not done yet
            steps = ((runner.epoch, runner.max_epochs) if _by_epoch(runner)
                     else (runner.iter, runner.max_iters))
            validations = count_validations(*steps, loop.val_interval,
                                            loop.val_begin)
        return '  '.join([*parts, *pace_parts(self._pace, seconds_left(
            runner.max_iters - done, self._pace.seconds, validations,
            mean(self._val_seconds) if self._val_seconds else None))])


def _by_epoch(runner: Runner) -> bool:
    return isinstance(runner.train_loop, EpochBasedTrainLoop)


def _step(runner: Runner) -> str:
    """Say where a training is, between two iterations or epochs."""
    return (f'epoch {runner.epoch} of {runner.max_epochs}'
            if _by_epoch(runner) else
            f'iteration {runner.iter} of {runner.max_iters}')


def _with_threshold(runner: Runner) -> Optional[ThresholdHook]:
    """Return the hook that has written the best checkpoint anew, if any."""
    return next((hook for hook in runner.hooks
                 if isinstance(hook, ThresholdHook) and hook.written), None)


def _score(runner: Runner, name: str) -> str:
    """Return the best value so far of a metric of several, or the only."""
    info = runner.message_hub.runtime_info
    value = info.get(f'best_score_{name}', info.get('best_score'))
    return format_metric(value)
