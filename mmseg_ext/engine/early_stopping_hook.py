"""Early stopping that a resumed training goes on with."""
from typing import Optional

from mmengine.hooks import EarlyStoppingHook
from mmseg.registry import HOOKS

KEY = 'early_stopping'  # in the message hub, which checkpoints hold


@HOOKS.register_module()
class ResumableEarlyStoppingHook(EarlyStoppingHook):
    """mmengine's EarlyStoppingHook, with its count in checkpoints.

    Stock's begins to count anew when a training is resumed. A checkpoint
    that was written before the validation of its iteration lacks that one.
    A config that has it can be tested, also where the training data are not.

    Args:
        *args: See mmengine's EarlyStoppingHook, as the keyword arguments.
    """

    def before_run(self, runner) -> None:
        """Look at nothing: stock's builds the training loop in a test."""

    def before_train(self, runner) -> None:
        kept = runner.message_hub.runtime_info.get(KEY)
        if runner.iter > 0 and kept and kept['monitor'] == self.monitor:
            self.best_score = kept['best_score']
            self.wait_count = kept['wait_count']

    def after_val_epoch(self, runner, metrics: Optional[dict] = None) -> None:
        super().after_val_epoch(runner, metrics or {})
        runner.message_hub.update_info(KEY, dict(
            monitor=self.monitor, best_score=float(self.best_score),
            wait_count=self.wait_count))
