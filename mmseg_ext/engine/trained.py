"""Build a model with the weights of a training."""
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import MODELS
from torch import nn

from .pretrained import remove_pretrained

NAMED = 3  # so many weights in an error


def load_trained(cfg: Config, checkpoint: str) -> nn.Module:
    """Build a config's segmentor and load all of its weights.

    Args:
        cfg: Config with a ``model``; pretrained weights that it asks for
            are taken out of it.
        checkpoint: File of its weights, read as data.

    Returns:
        The segmentor in evaluation mode, on the GPU if there is one.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file cannot be read as a checkpoint, or its
            weights are not exactly the model's.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    remove_pretrained(cfg)
    model = MODELS.build(cfg.model)
    try:
        loaded = CheckpointLoader.load_checkpoint(checkpoint, 'cpu')
    except RuntimeError as error:  # says what is wrong with the file
        raise ValueError(str(error)) from error
    if not isinstance(loaded, dict):
        raise ValueError(f'{checkpoint} holds a {type(loaded).__name__}; '
                         'named weights are expected')
    state = {
        key.removeprefix('module.'): value
        for key, value in loaded.get('state_dict', loaded).items()
    }
    wanted = model.state_dict()
    findings = {
        "of the model's are missing in it":
        [key for key in wanted if key not in state],
        "in it are not the model's":
        [key for key in state if key not in wanted],
        'have another shape': [
            key for key in wanted
            if key in state and state[key].shape != wanted[key].shape
        ],
    }
    if any(findings.values()):
        parts = [
            f'{len(keys)} {finding} ({", ".join(keys[:NAMED])}'
            f'{", ..." if len(keys) > NAMED else ""})'
            for finding, keys in findings.items() if keys
        ]
        raise ValueError(
            f'{checkpoint} does not fit the config: of the weights, '
            f'{"; ".join(parts)}. Give the config that it was trained with')
    model.load_state_dict(state)
    return model.to(get_device()).eval()
