"""What a training with a teacher needs of its runner."""
import torch
from mmengine.hooks import Hook

from .wrappers import unwrapped

KEY = 'distillation'  # in a checkpoint


class TeacherHook(Hook):
    """Check the teacher before the first step, and keep what it needs.

    Without effect on a model that has no teacher, see
    :class:`mmseg_ext.models.DistillEncoderDecoder`. The convolution between
    student and teacher is in no state dict, but in the checkpoint: a resumed
    training goes on with it.

    Raises:
        FileNotFoundError: If a file of the teacher's is missing.
        ValueError: If its classes are not those of the data set.
    """

    def before_train(self, runner) -> None:
        model = unwrapped(runner.model)
        if hasattr(model, 'check_teachers'):
            metainfo = getattr(runner.train_dataloader.dataset, 'metainfo',
                               {})
            model.check_teachers(metainfo.get('classes'))

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        align = getattr(unwrapped(runner.model), 'align', None)
        if align is not None:
            checkpoint[KEY] = {
                name: value.detach().cpu().clone()
                for name, value in align.named_parameters()}

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        align = getattr(unwrapped(runner.model), 'align', None)
        kept = checkpoint.get(KEY)
        if align is None or not kept:
            return
        with torch.no_grad():
            for name, value in align.named_parameters():
                value.copy_(kept[name])
