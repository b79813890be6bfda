"""A training whose weights are lost ends, and keeps what was good."""
from typing import Optional

import pytest
import torch
from mmengine.hooks import Hook
from tiny_training import tiny_runner

from mmseg_ext.basics import user_sentence
from mmseg_ext.engine.divergence_hook import DivergenceHook


class Spoil(Hook):
    """Give a weight a value after an iteration; None: nan to the loss."""

    def __init__(self, iteration: int, weight: Optional[float]) -> None:
        self.iteration, self.weight = iteration, weight

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        if runner.iter + 1 == self.iteration and self.weight is not None:
            next(runner.model.parameters()).data[0] = self.weight
        elif runner.iter + 1 == self.iteration:
            outputs['loss'] = torch.tensor(float('nan'))


def train(work_dir, steps: int, iteration: int,
          weight: Optional[float] = float('nan')):
    runner = tiny_runner(work_dir, steps)
    runner.register_hook(DivergenceHook())
    runner.register_hook(Spoil(iteration, weight), 'HIGHEST')
    runner.train()


def test_no_checkpoint_of_lost_weights(tmp_path):
    with pytest.raises(RuntimeError, match=r'iteration 3 of 8, 3 weights are '
                       r'nan .*conv.weight.*before is .*iter_2\.pth') as error:
        train(tmp_path, 8, 3)
    assert user_sentence(error.value) == str(error.value)
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == [
        'iter_2.pth']


def test_infinite_weights_are_lost_and_large_ones_not(tmp_path):
    with pytest.raises(RuntimeError, match='weights are nan or infinite'):
        train(tmp_path, 3, 3, weight=float('inf'))
    runner = tiny_runner(tmp_path, 3)
    weights = [*runner.model.parameters()]
    weights[0].data.fill_(3e38)  # their sum is infinite
    DivergenceHook().before_val_epoch(runner)


def test_a_single_loss_is_no_proof(tmp_path):
    train(tmp_path, 4, 3, weight=None)
    assert (tmp_path / 'iter_4.pth').is_file()
