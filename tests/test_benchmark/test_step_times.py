"""Steps timed in turn, and the number that fits into the same time."""
import pytest
from tiny import tiny_quickstart

from mmseg_ext.benchmark.step_times import measure_step_ratio

pytestmark = pytest.mark.usefixtures('one_thread')


def test_a_larger_batch_takes_longer(config_path, sem_root, tmp_path):
    path = config_path('segformer_xattn_quickstart')
    small, large = (tiny_quickstart(path, tmp_path, sem_root, steps=1)
                    for _ in range(2))
    small.train_dataloader.batch_size = 1
    large.train_dataloader.batch_size = 16
    timed = measure_step_ratio(large, small, str(tmp_path), rounds=5)
    assert timed['ratio'] > 1.5
    assert timed['seconds'] > timed['reference'] > 0
    assert small.train_dataloader.batch_size == 1  # as it was
