"""Generators go on from where they were read."""
import io
import random

import numpy as np
import pytest
import torch

from mmseg_ext.engine.random_states import random_states, set_random_states


def draw() -> list:
    return [random.random(), random.gauss(0, 1), np.random.rand(),
            np.random.standard_normal(), *torch.rand(3).tolist(),
            torch.randn(()).item()]


@pytest.mark.parametrize('drawn', [0, 1, 2])  # with and without a Gaussian
def test_the_same_numbers_come_again(drawn):
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    for _ in range(drawn):
        random.gauss(0, 1)
        np.random.standard_normal()
    states = random_states()
    expected = draw()
    draw()
    set_random_states(states)
    assert draw() == expected


def test_as_data_alone():
    states = random_states()
    expected = draw()
    file = io.BytesIO()
    torch.save(states, file)
    file.seek(0)
    set_random_states(torch.load(file, weights_only=True))
    assert draw() == expected
