"""Keep what a model needs for training, and is in no state dict."""
from typing import Optional

from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from .wrappers import unwrapped

KEY = 'adaptation'  # in a checkpoint


@HOOKS.register_module()
class AdaptationHook(Hook):
    """Keep a model's ``training_state`` in checkpoints, and restore it.

    That is the teacher of :class:`mmseg_ext.models.
    SelfTrainingEncoderDecoder` and the discriminator of
    :class:`mmseg_ext.models.AdversarialEncoderDecoder`: a resumed training
    goes on with it, one that only starts from the weights does not. Without
    effect on other models.
    """

    def __init__(self) -> None:
        self._loaded: Optional[dict] = None

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        model = unwrapped(runner.model)
        if hasattr(model, 'training_state'):
            checkpoint[KEY] = {
                name: value.detach().cpu().clone()
                for name, value in model.training_state().items()}

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        self._loaded = checkpoint.get(KEY)

    def before_train(self, runner) -> None:
        loaded, self._loaded = self._loaded, None
        model = unwrapped(runner.model)
        if loaded and runner.iter > 0 and hasattr(
                model, 'load_training_state'):
            model.load_training_state(loaded)
