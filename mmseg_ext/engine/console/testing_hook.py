"""What a test writes to the console, beside the metrics' tables."""
import os.path as osp
import time
from collections.abc import Sequence
from typing import Optional

from mmengine.hooks import Hook

from mmseg_ext.basics import format_duration
from mmseg_ext.basics.console import Console, Progress

from .metric_table import format_metric, main_metrics
from .pace import Pace, pace_parts, seconds_left
from .run_facts import print_facts, short_path, testing_facts


class TestingConsoleHook(Hook):
    """Tell what a test does: a head, its progress, its main numbers.

    Args:
        console: Where to.
    """

    priority = 'LOWEST'

    def __init__(self, console: Console) -> None:
        self._console = console

    def before_test(self, runner) -> None:
        print_facts(self._console, testing_facts(runner))
        self._begun = time.monotonic()
        self._pace = Pace()
        self._progress = Progress(self._console, len(runner.test_dataloader))

    def after_test_iter(self, runner, batch_idx: int, data_batch=None,
                        outputs: Optional[Sequence] = None) -> None:
        self._pace.step()
        done, total = batch_idx + 1, len(runner.test_dataloader)
        self._progress.show(done, lambda: '  '.join([
            f'test {done}/{total}', *pace_parts(
                self._pace, seconds_left(total - done, self._pace.seconds))]))

    def after_test_epoch(self, runner,
                         metrics: Optional[dict] = None) -> None:
        took = format_duration(time.monotonic() - self._begun)
        self._console.print('  '.join(
            f'{name}: {format_metric(value)}'
            for name, value in main_metrics(metrics or {}).items()))
        numbers = osp.join(runner.log_dir, f'{runner.timestamp}.json')
        self._console.print(f'Done in {took}. All numbers: '
                            f'{short_path(numbers)}')
