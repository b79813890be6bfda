"""End of the processes that load data."""
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.runner import BaseLoop, Runner


@contextmanager
def ended_loaders(runner: Runner) -> Iterator[None]:
    """End the processes that load a runner's data when a block is left.

    Runner, loops and loaders refer to each other, so that only the garbage
    collector frees them, at any time and the queues to the processes first:
    torch then waits five seconds for each process, which waits for the queue.

    Args:
        runner: Whose loops may or may not have been built by then.
    """
    try:
        yield
    finally:
        for name in ('_train_loop', '_val_loop', '_test_loop'):
            loop = getattr(runner, name, None)
            if isinstance(loop, BaseLoop):
                _end(loop)


def _end(loop: BaseLoop) -> None:
    # of steps without an end; else a persistent one, or one that is gone
    of_steps = getattr(loop, 'dataloader_iterator', None)
    for owner in (of_steps, loop.dataloader):
        iterator = getattr(owner, '_iterator', None)
        if hasattr(iterator, '_shutdown_workers'):  # loads in processes
            iterator._shutdown_workers()
    loop.dataloader._iterator = None  # loaded from again, it starts anew
