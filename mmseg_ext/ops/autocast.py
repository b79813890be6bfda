"""What autocast is about to do, for operators that autocast does not know."""
from contextlib import nullcontext
from typing import Optional

import torch

# asked once, at import: torch 2.4 cannot trace the question
_DEVICES = tuple(
    device for device in ('cpu', 'cuda', 'mps', 'xpu')
    if torch.amp.is_autocast_available(device))


def autocast_dtype(device: str) -> Optional[torch.dtype]:
    """Return the type that autocast computes in on a device; None: it is off.

    Args:
        device: Its type: 'cpu', 'cuda', 'mps' or 'xpu'; autocast on others
            is not seen.
    """
    if device in _DEVICES and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return None


def no_autocast(device: str):
    """Return a context without autocast.

    It is an empty one where autocast is off: torch.export would keep the
    other as a node.
    """
    if autocast_dtype(device) is None:
        return nullcontext()
    return torch.autocast(device, enabled=False)
