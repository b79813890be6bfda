"""An average of the weights that suits the length of the training."""
from typing import Optional

from mmengine.hooks import EMAHook
from mmseg.registry import HOOKS

PARTS = 20  # of the training; the average is over about the last of them
LIMITS = 0.0002, 0.1  # mmengine's momentum, and one for a few iterations


@HOOKS.register_module()
class AveragedWeightsHook(EMAHook):
    """mmengine's EMAHook, whose momentum follows from the iterations.

    mmengine's default looks back over 5000 iterations: after 1500 it is
    still mostly the random start. Here it is a twentieth of the training,
    momentum = 20 / iterations, from 0.0002 to 0.1; running statistics of
    normalization layers are averaged like the weights.

    Validation, the best and all other checkpoints have the averaged
    weights, which every tool then loads. The others are in the checkpoint
    too, for the training to be resumed.

    Args:
        momentum: Of the average; None: as above.
        **kwargs: See mmengine's EMAHook.
    """

    def __init__(self, momentum: Optional[float] = None, **kwargs) -> None:
        if momentum is not None:
            kwargs['momentum'] = momentum
        super().__init__(**dict(dict(update_buffers=True), **kwargs))
        self._momentum = momentum

    # not before_run: it is a test's, too, which has no iterations
    def before_train(self, runner) -> None:
        low, high = LIMITS
        if self._momentum is None:
            self.ema_model.momentum = min(
                max(PARTS / runner.max_iters, low), high)
        super().before_train(runner)
