"""What autocast is about to do, for operators that autocast does not know."""
from contextlib import nullcontext
from typing import Optional

import torch


def autocast_dtype(device: str) -> Optional[torch.dtype]:
    """Return the type that autocast computes in on a device; None: it is off.

    Args:
        device: Its type, 'cpu' or 'cuda'; autocast on others is not seen.
    """
    # not amp.is_autocast_available, which torch 2.4 cannot trace
    if device in ('cpu', 'cuda') and torch.is_autocast_enabled(device):
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
