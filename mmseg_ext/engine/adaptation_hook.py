"""Keep what a model needs for training, and is in no state dict."""
from collections.abc import Mapping
from typing import Optional

from mmseg.registry import HOOKS
from torch import Tensor, nn

from .kept_state import KeptStateHook
from .wrappers import unwrapped


@HOOKS.register_module()
class AdaptationHook(KeptStateHook):
    """Keep a model's ``training_state`` in checkpoints, and restore it.

    That is the teacher of :class:`mmseg_ext.models.
    SelfTrainingEncoderDecoder` and the discriminator of
    :class:`mmseg_ext.models.AdversarialEncoderDecoder`: a resumed training
    goes on with it, one that only starts from the weights does not. Without
    effect on other models.
    """

    key = 'adaptation'

    def __init__(self) -> None:
        self._loaded: Optional[dict] = None

    def state_of(self, model: nn.Module) -> Optional[Mapping[str, Tensor]]:
        return (model.training_state() if hasattr(model, 'training_state')
                else None)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        self._loaded = checkpoint.get(self.key)

    def before_train(self, runner) -> None:
        loaded, self._loaded = self._loaded, None
        model = unwrapped(runner.model)
        if loaded and runner.iter > 0 and hasattr(
                model, 'load_training_state'):
            model.load_training_state(loaded)
