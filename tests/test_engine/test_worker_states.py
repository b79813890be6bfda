"""Processes that load go on with the numbers that were to come."""
import io
import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from mmseg_ext.engine.worker_states import WorkerStates


class Draws(Dataset):
    """Eight samples that are drawn anew each time."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> tuple:
        return (index, random.random(), random.gauss(0, 1),
                np.random.standard_normal(), torch.rand(()).item())


def seed(worker: int) -> None:
    random.seed(worker)
    np.random.seed(worker)
    torch.manual_seed(worker)


def loader(workers: int) -> DataLoader:
    return DataLoader(
        Draws(), 2, num_workers=workers, persistent_workers=True,
        worker_init_fn=seed, collate_fn=list)


@pytest.mark.parametrize('workers', [1, 3])
def test_the_next_epoch(workers):
    plain, whole = loader(workers), loader(workers)
    states = WorkerStates(whole)
    assert states.read() is None
    first = list(whole)
    assert first == list(plain)  # nothing is changed
    file = io.BytesIO()
    torch.save(states.read(), file)
    second = list(whole)
    assert second == list(plain)
    assert second != first

    file.seek(0)
    resumed = loader(workers)
    states = WorkerStates(resumed, torch.load(file, weights_only=True))
    assert list(resumed) == second
    assert list(resumed) == list(whole) == list(plain)
