"""A teacher that is the average of its student's past."""
from collections.abc import Mapping
from typing import Any, Optional

import torch
from mmengine.model import ExponentialMovingAverage
from mmseg.models.segmentors import EncoderDecoder
from torch import Tensor

from .logits import full_logits


class MeanTeacher:
    """Exponential moving average of a segmentor that it teaches.

    It is no module, so that it is in no optimizer, no state dict and no copy
    of the student. The average theta' of the weights theta at update t::

        theta' <- alpha_t theta' + (1 - alpha_t) theta
        alpha_t = min(1 - 1 / (t + 1), alpha)

    so that it starts as the student. Running statistics are averaged like
    the weights; yet normalisation takes those of the batch, as in training,
    and nothing is dropped out.

    Args:
        alpha: Greatest decay alpha_t of the average, above 0 and below 1.

    Reference:
        Tarvainen, Valpola, Mean teachers, 2017; alpha_t as in
        github.com/vikolss/DACS, trainUDA.py, update_ema_variables.
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha
        self._average: Optional[ExponentialMovingAverage] = None
        self._state: Optional[Mapping[str, Any]] = None

    def __deepcopy__(self, memo: dict) -> 'MeanTeacher':
        return MeanTeacher(self.alpha)  # a copy of the student has its own

    def update(self, student: EncoderDecoder) -> None:
        """Take in what the student has become."""
        if self._average is None:
            self._average = ExponentialMovingAverage(
                student, update_buffers=True)
            _train_without_dropout(self._average.module)
        if self._state is not None:
            self._average.load_state_dict(self._state)
            self._state = None
        step = int(self._average.steps)
        # mmengine's momentum is 1 - alpha
        self._average.momentum = max(1 / (step + 1), 1 - self.alpha)
        self._average.update_parameters(student)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Return probabilities (B, C, H, W) of images (B, 3, H, W)."""
        return full_logits(self._average.module, images).softmax(1)

    def state_dict(self) -> dict[str, Tensor]:
        """Return its weights and the number of updates, none before one."""
        if self._average is None:
            return dict(self._state or {})
        return self._average.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state, with the next update."""
        self._state = state


def _train_without_dropout(module: torch.nn.Module) -> None:
    module.train()
    for part in module.modules():
        if 'Drop' in type(part).__name__:  # DropPath of mmcv and timm, too
            part.eval()
