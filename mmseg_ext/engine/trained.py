"""Build a model with the weights of a training."""
import logging
from collections.abc import Mapping

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import MODELS
from torch import nn

from .checkpoint_files import check_checkpoint
from .pretrained import remove_pretrained
from .wrappers import unwrapped

NAMED = 3  # so many weights in an error
# No part in a prediction; people leave them out of configs and of files.
AUXILIARY = 'auxiliary_head.'
COUNTER = 'num_batches_tracked'  # which no file of before torch 0.4.1 has


def load_trained(cfg: Config, checkpoint: str) -> nn.Module:
    """Build a config's segmentor and load all of its weights.

    Args:
        cfg: Config with a ``model``; pretrained weights that it asks for
            are taken out of it.
        checkpoint: File of its weights, read as data.

    Returns:
        The segmentor in evaluation mode, on the GPU if there is one.

    Raises:
        FileNotFoundError: If there is no such file, see
            :func:`~.checkpoint_files.check_checkpoint`.
        ValueError: If the file cannot be read as a checkpoint, or its
            weights are not the model's, see :func:`load_weights`.
    """
    return load_trained_and_meta(cfg, checkpoint)[0]


def load_trained_and_meta(cfg: Config,
                          checkpoint: str) -> tuple[nn.Module, dict]:
    """Return what :func:`load_trained` does, and the checkpoint's meta."""
    check_checkpoint(checkpoint)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    remove_pretrained(cfg)
    model = MODELS.build(cfg.model)
    try:
        loaded = CheckpointLoader.load_checkpoint(
            checkpoint, 'cpu', logger='silent')
    except RuntimeError as error:  # says what is wrong with the file
        raise ValueError(str(error)) from error
    load_weights(model, loaded, checkpoint)
    meta = loaded.get('meta')
    return model.to(get_device()).eval(), (
        dict(meta) if isinstance(meta, Mapping) else {})


def load_weights(model: nn.Module, loaded, checkpoint: str) -> None:
    """Load weights that are exactly the model's.

    But for those of auxiliary heads, which have no part in a prediction:
    either side may lack them.

    Args:
        model: Segmentor, also within a wrapper of several processes or of
            test-time augmentation.
        loaded: What the checkpoint holds; a prefix ``module.`` is dropped.
        checkpoint: Its file, for the error.

    Raises:
        ValueError: If weights are missing, are not the model's or have
            another shape.
    """
    misfits = load_fitting_weights(model, loaded, checkpoint)
    findings = {
        finding: [key for key in keys if not key.startswith(AUXILIARY)]
        for finding, keys in misfits.items()
    }
    if any(findings.values()):
        raise ValueError(
            f'{checkpoint} does not fit the config: of the weights, '
            f'{_word(findings)}. Give the config that it was trained with')


def load_fitting_weights(model: nn.Module, loaded,
                         checkpoint: str) -> dict[str, list[str]]:
    """Load the weights that fit, and return those that do not.

    Args: See :func:`load_weights`.

    Returns:
        Finding -> names of weights.

    Raises:
        ValueError: If there are no named weights.
    """
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    state = _weights(loaded, checkpoint)
    wanted = model.state_dict()
    reshaped = [
        key for key, value in wanted.items() if key in state
        and getattr(state[key], 'shape', None) != value.shape]
    # Modules may rename weights of older files as they load them.
    missing, surplus = model.load_state_dict(
        {key: value for key, value in state.items() if key not in reshaped},
        strict=False)
    return {
        "of the model's are missing in it": [
            key for key in missing
            if key not in reshaped and not key.endswith(COUNTER)],
        "in it are not the model's": surplus,
        'have another shape': reshaped,
    }


class WeightsFitHook(Hook):
    """Refuse a checkpoint of another model, where stock loads what fits.

    To start a training from part of another model's weights is usual: what
    did not fit is told then, and only a checkpoint of which nothing fits is
    refused.

    Args:
        checkpoint: File for the messages.
        entire: Whether all weights have to fit.

    Raises:
        ValueError: If they do not.
    """

    # Behind hooks that put an average in the weights' place.
    priority = 'VERY_LOW'

    def __init__(self, checkpoint: str, entire: bool) -> None:
        self._checkpoint = checkpoint
        self._entire = entire

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        if self._entire:
            load_weights(runner.model, checkpoint, self._checkpoint)
            return
        findings = load_fitting_weights(runner.model, checkpoint,
                                        self._checkpoint)
        if not any(findings.values()):
            return
        missing, _, reshaped = findings.values()
        wanted = [key for key in unwrapped(runner.model).state_dict()
                  if not key.endswith(COUNTER)]
        text = (f'{self._checkpoint} does not fit the whole model: of the '
                f'weights, {_word(findings)}')
        if len({*missing, *reshaped}) == len(wanted):
            raise ValueError(f'{text}; none would be loaded. Take load_from '
                             'out of the config, or give the weights of this '
                             'model')
        print_log(text, logger='current', level=logging.WARNING)


def _weights(loaded, checkpoint: str) -> dict:
    if not isinstance(loaded, Mapping):
        raise ValueError(f'{checkpoint} holds a {type(loaded).__name__}; '
                         'named weights are expected')
    state = {
        key.removeprefix('module.'): value
        for key, value in loaded.get('state_dict', loaded).items()
    }
    lost = [key for key, value in state.items()
            if isinstance(value, torch.Tensor)
            and not torch.isfinite(value).all()]
    if lost:
        raise ValueError(
            f'{checkpoint} is of no use: {len(lost)} of its {len(state)} '
            f'weights hold nan or infinity ({", ".join(lost[:NAMED])}'
            f'{", ..." if len(lost) > NAMED else ""}), as after a training '
            'that diverged. Take an earlier checkpoint, or train with a '
            'lower learning rate')
    return state


def _word(findings: Mapping[str, list[str]]) -> str:
    return '; '.join(
        f'{len(keys)} {finding} ({", ".join(keys[:NAMED])}'
        f'{", ..." if len(keys) > NAMED else ""})'
        for finding, keys in findings.items() if keys)
