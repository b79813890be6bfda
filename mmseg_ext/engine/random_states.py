"""The states of the random generators of a process, as tensors.

Tensors, so that a checkpoint that holds them loads with
``weights_only=True``.
"""
import random
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor


def random_states(cuda: bool = True) -> dict[str, Tensor]:
    """Return where the process's random generators are.

    Args:
        cuda: Also of the GPU, if there is one; a process that loads data
            may not ask for it.

    Returns:
        'python': version, 625 integers and the next Gaussian number (nan for
        none); 'numpy': 624 integers, position, whether there is a next
        Gaussian number, and that number; both float64, which holds 32 bits.
        'torch', and 'cuda' of the current device if there is one: bytes.
    """
    version, state, gauss = random.getstate()
    _, keys, *rest = np.random.get_state()
    states = dict(
        python=torch.tensor(
            [version, *state, np.nan if gauss is None else gauss],
            dtype=torch.float64),
        numpy=torch.tensor(
            [*keys.tolist(), *rest], dtype=torch.float64),
        torch=torch.get_rng_state())
    if cuda and torch.cuda.is_available():
        states['cuda'] = torch.cuda.get_rng_state()
    return states


def set_random_states(states: Mapping[str, Tensor]) -> None:
    """Put the random generators where :func:`random_states` found them.

    Args:
        states: Its result, on any device.
    """
    # copies: torch 2.14 crashes on a state that is a part of a tensor
    states = {name: state.cpu().clone() for name, state in states.items()}
    version, *integers, gauss = states['python'].tolist()
    random.setstate((int(version), tuple(map(int, integers)),
                     None if np.isnan(gauss) else gauss))
    *integers, position, has_gauss, cached = states['numpy'].tolist()
    np.random.set_state(('MT19937', np.array(integers, np.uint32),
                         int(position), int(has_gauss), cached))
    torch.set_rng_state(states['torch'])
    if 'cuda' in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states['cuda'])
