"""Random states of the processes that load data."""
from collections.abc import Callable, Mapping, Sequence
from typing import Optional

import torch
from torch import Tensor
from torch.utils.data import DataLoader, get_worker_info

from .random_states import random_states, set_random_states

NAMES = ('python', 'numpy', 'torch')


class WorkerStates:
    """Know where the generators of a loader's processes are.

    Each process writes its states to memory that all share, after every
    batch. They are those of a moment between two batches only once all
    batches that were asked for have come: at the end of an epoch.

    Args:
        loader: Loader of one process or more, before it starts them.
        start: Name -> (processes, ...), where the processes start; None:
            where they are seeded.
    """

    def __init__(self,
                 loader: DataLoader,
                 start: Optional[Mapping[str, Tensor]] = None) -> None:
        here = random_states(cuda=False)
        self.written = torch.zeros(loader.num_workers).share_memory_()
        self.states = {
            name: here[name].expand(loader.num_workers, -1).clone(
            ).share_memory_() for name in NAMES}
        loader.worker_init_fn = _Start(self, loader.worker_init_fn, start)
        loader.collate_fn = _Collate(self, loader.collate_fn)

    def write(self, worker: int) -> None:
        """Write this process's states, as those of a worker."""
        here = random_states(cuda=False)
        for name in NAMES:
            self.states[name][worker] = here[name]
        self.written[worker] = 1

    def read(self) -> Optional[dict[str, Tensor]]:
        """Return the states, None before every process has started."""
        if not self.written.all():
            return None
        return {name: state.clone() for name, state in self.states.items()}


class _Start:
    """Start a process as before, then where it was."""

    def __init__(self, states: WorkerStates, before: Optional[Callable],
                 start: Optional[Mapping[str, Tensor]]) -> None:
        self.states, self.before, self.start = states, before, start

    def __call__(self, worker: int) -> None:
        if self.before is not None:
            self.before(worker)
        if self.start is not None:
            set_random_states(
                {name: self.start[name][worker] for name in NAMES})
        self.states.write(worker)


class _Collate:
    """Collate a batch as before, and write the states after it."""

    def __init__(self, states: WorkerStates, before: Callable) -> None:
        self.states, self.before = states, before

    def __call__(self, samples: Sequence):
        batch = self.before(samples)
        self.states.write(get_worker_info().id)
        return batch
