"""Call a function in several processes of one group, as torchrun does.

They are forked: starting them new and importing everything takes seconds.
"""
import os
from collections.abc import Callable

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

LOCAL = '127.0.0.1'

# Torch starts a thread for each device that it knows of when it goes backward
# first, and forked processes may not go backward then. Later it knows of a
# fake GPU, see torch's FakeTensorMode.
torch.zeros((), requires_grad=True).backward()


def variables(rank: int, count: int, port: int) -> dict[str, str]:
    """Return what torchrun sets in the environment of a process."""
    return dict(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(count),
        LOCAL_WORLD_SIZE=str(count), MASTER_ADDR=LOCAL, MASTER_PORT=str(port),
        TORCHELASTIC_USE_AGENT_STORE='True', TORCHELASTIC_RESTART_COUNT='0')


def new_store() -> dist.TCPStore:
    """Return what the processes find each other by, as torchrun keeps it."""
    return dist.TCPStore(LOCAL, 0, is_master=True, wait_for_workers=False)


def _call(rank: int, count: int, port: int, function: Callable,
          arguments: tuple) -> None:
    torch.set_num_threads(1)  # OpenMP's other threads were not forked
    os.environ.update(variables(rank, count, port))
    function(*arguments)


def in_ranks(count: int, function: Callable, *arguments) -> None:
    """Call it in so many processes that find each other by ``env://``.

    Raises:
        ProcessRaisedException: What one of them raises, with its traceback.
    """
    store = new_store()
    mp.start_processes(
        _call, (count, store.port, function, arguments), nprocs=count,
        start_method='fork')
