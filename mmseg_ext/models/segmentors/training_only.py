"""Layers that have a part in the training alone."""
from torch import nn


class TrainingOnlyConv2d(nn.Conv2d):
    """A convolution of the training alone, in no state dict.

    So a model's weights are those of its plain segmentor; a hook of the
    engine keeps it for a resumed training.
    """

    def _save_to_state_dict(self, *args, **kwargs) -> None:
        pass

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        pass
