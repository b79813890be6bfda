"""Save what a training needs of its model, and is in no state dict."""
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Optional

from mmengine.hooks import Hook
from torch import Tensor, nn

from .wrappers import unwrapped


class KeptStateHook(Hook, ABC):
    """Save what a model's state dict lacks in each checkpoint.

    It would be in weights that are exported and loaded if it were a part of
    the state dict. A subclass says what it is, and when a training takes it
    back.

    Attributes:
        key: Where a checkpoint has it.
    """
    key: str

    @abstractmethod
    def state_of(self, model: nn.Module) -> Optional[Mapping[str, Tensor]]:
        """Return tensors by name; None: the model has nothing to save."""

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        state = self.state_of(unwrapped(runner.model))
        if state is not None:
            checkpoint[self.key] = {
                name: value.detach().cpu().clone()
                for name, value in state.items()}
