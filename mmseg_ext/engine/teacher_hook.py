"""What a training with a teacher needs of its runner."""
from collections.abc import Mapping
from typing import Optional

import torch
from torch import Tensor, nn

from .kept_state import KeptStateHook
from .wrappers import unwrapped


class TeacherHook(KeptStateHook):
    """Check the teacher before the first step, and keep what it needs.

    Without effect on a model that has no teacher, see
    :class:`mmseg_ext.models.DistillEncoderDecoder`. The convolution between
    student and teacher is in no state dict, but in the checkpoint: a resumed
    training goes on with it.

    Raises:
        FileNotFoundError: If a file of the teacher's is missing.
        ValueError: If its classes are not those of the data set.
    """
    key = 'distillation'

    def before_train(self, runner) -> None:
        model = unwrapped(runner.model)
        if hasattr(model, 'check_teachers'):
            metainfo = getattr(runner.train_dataloader.dataset, 'metainfo',
                               {})
            model.check_teachers(metainfo.get('classes'))

    def state_of(self, model: nn.Module) -> Optional[Mapping[str, Tensor]]:
        align = getattr(model, 'align', None)
        return None if align is None else dict(align.named_parameters())

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        align = getattr(unwrapped(runner.model), 'align', None)
        kept = checkpoint.get(self.key)
        if align is None or not kept:
            return
        with torch.no_grad():
            for name, value in align.named_parameters():
                value.copy_(kept[name])
