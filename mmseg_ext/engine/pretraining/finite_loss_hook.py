"""End a training that has come to nothing."""
from typing import Optional

from mmengine.hooks import Hook
from mmseg.registry import HOOKS


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop where the loss is no number any more.

    Args:
        interval: Iterations from one look at it to the next: on a GPU each
            waits for what is being computed.
        advice: What to do about it, a sentence.

    Raises:
        ValueError: If it is NaN or infinite.
    """

    def __init__(self, interval: int = 10, advice: str = '') -> None:
        self.interval = interval
        self.advice = advice

    def after_train_iter(self, runner, batch_idx: int, data_batch=None,
                         outputs: Optional[dict] = None) -> None:
        if not self.every_n_train_iters(runner, self.interval):
            return
        loss = outputs['loss']
        if not loss.isfinite():
            raise ValueError(f'The loss is {float(loss)} after step '
                             f'{runner.iter + 1}. {self.advice}'.strip())
