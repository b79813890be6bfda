"""mmengine writes checkpoints that current torch refuses to read.

The message hub (loss curves, current epoch) goes into every training
checkpoint as ``HistoryBuffer`` objects, whose pickles hold bound methods and
numpy arrays. torch >= 2.6 loads with ``weights_only=True`` and raises
UnpicklingError. Here the hub is reduced to tensors and plain values when it
is saved, and restored when it is loaded, so that the file needs no trust on
any torch, with or without this package.

Upstream: open-mmlab/mmengine#1655, pull request #1650, both open.
A hub in mmengine's own form is still read.
"""
from collections.abc import Mapping
from types import ModuleType

import numpy as np
from mmengine.logging.history_buffer import HistoryBuffer

# Older mmengine code skips an entry of another type with a warning, so a
# plain mapping costs it the smoothed loss and nothing else.
PLAIN_KEYS = {'log_history', 'count_history', 'max_length'}


def to_plain(value):
    """Reduce history buffers and numpy values to tensors and builtins."""
    if isinstance(value, HistoryBuffer):
        import torch  # mmengine's logging alone does without

        log_history, count_history = value.data
        return dict(
            log_history=torch.from_numpy(np.asarray(log_history, np.float64)),
            count_history=torch.from_numpy(
                np.asarray(count_history, np.float64)),
            max_length=value.max_length)
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        plain = [to_plain(item) for item in value]
        return plain if isinstance(value, list) else tuple(plain)
    return value


def from_plain(value):
    """Rebuild a history buffer from its plain form, leave others alone."""
    if isinstance(value, Mapping) and set(value) == PLAIN_KEYS:
        return HistoryBuffer(value['log_history'].tolist(),
                             value['count_history'].tolist(),
                             value['max_length'])
    return value


def patch_message_hub(message_hub: ModuleType) -> None:
    """Make MessageHub write plain values and read both forms."""
    MessageHub = message_hub.MessageHub
    write, read = MessageHub.state_dict, MessageHub.load_state_dict

    def state_dict(self) -> dict:
        return to_plain(write(self))

    def load_state_dict(self, state_dict) -> None:
        if isinstance(state_dict, Mapping):
            scalars = {
                key: from_plain(value)
                for key, value in state_dict['log_scalars'].items()
            }
            state_dict = dict(state_dict, log_scalars=scalars)
        read(self, state_dict)

    MessageHub.state_dict = state_dict
    MessageHub.load_state_dict = load_state_dict
