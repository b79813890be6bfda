"""End a training whose weights are numbers no longer."""
from typing import Optional

import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from torch import Tensor

from .console.run_facts import last_checkpoint, short_path


@HOOKS.register_module()
class DivergenceHook(Hook):
    """Stop a training that has diverged, before it saves what it has.

    A weight that is nan or infinite stays so: nothing after it is worth a
    step, and the next checkpoint would take the place of one that is good.
    A loss that is nan once is no proof: a loss scaler passes over such
    steps. Weights are looked at where the loss is nan or infinite, before
    each validation and before each checkpoint.

    Args:
        interval: Iterations from one look at the loss to the next: on a GPU
            each waits for what is being computed.
        advice: What to do about it, without a full stop; None: train with a
            tenth of the config's learning rate.

    Raises:
        RuntimeError: If weights are nan or infinite.
    """

    # Before the hooks that save checkpoints.
    priority = 'VERY_HIGH'

    def __init__(self, interval: int = 50,
                 advice: Optional[str] = None) -> None:
        self.interval = interval
        self.advice = advice

    def after_train_iter(self, runner, batch_idx: int, data_batch=None,
                         outputs: Optional[dict] = None) -> None:
        loss = (outputs or {}).get('loss')
        if (loss is not None
                and self.every_n_train_iters(runner, self.interval)
                and not torch.isfinite(loss).all()):
            self._check(runner, runner.iter + 1)

    def before_val_epoch(self, runner) -> None:
        self._check(runner, runner.iter)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        self._check(runner, runner.iter)

    def _check(self, runner, iteration: int) -> None:
        lost = [name for name, value in runner.model.named_parameters()
                if not _is_finite(value.detach())]
        if not lost:
            return
        good = last_checkpoint(runner.work_dir)
        raise RuntimeError(
            f'The training has diverged: by iteration {iteration} of '
            f'{runner.max_iters}, {len(lost)} weights are nan or infinite '
            f'({lost[0]}{", ..." if len(lost) > 1 else ""}). '
            + (self.advice or _lower_rate(runner))
            + (f'. The last checkpoint from before is {short_path(good)}'
               if good else '. No checkpoint was saved'))


def _is_finite(weights: Tensor) -> bool:
    # their sum, which is finite only if all are, takes a fifth of the time;
    # of finite ones it may overflow
    return bool(torch.isfinite(weights.sum())
                or torch.isfinite(weights).all())


def _lower_rate(runner) -> str:
    optimizer = (runner.cfg.get('optim_wrapper') or {}).get('optimizer')
    rate = (optimizer or {}).get('lr')
    return 'Train with a lower learning rate' + (
        f': --cfg-options optim_wrapper.optimizer.lr={rate / 10:g}'
        if rate else '')
