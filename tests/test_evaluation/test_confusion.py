"""Pairs of classes, counted one pixel after the other."""
import numpy as np
import pytest
import torch

from mmseg_ext.evaluation.confusion import count_pairs


@pytest.mark.parametrize('dtype', [torch.int64, torch.uint8])
@pytest.mark.parametrize('ignore_index', [255, 0])
def test_equals_a_loop(dtype, ignore_index):
    torch.manual_seed(0)
    pred = torch.randint(0, 4, (1, 7, 5))
    truth = torch.randint(0, 4, (1, 7, 5))
    truth[0, :2] = 255 if ignore_index == 255 else 0
    expected = np.zeros((4, 4), int)
    for p, t in zip(pred.flatten().tolist(), truth.flatten().tolist()):
        if t != ignore_index:
            expected[t, p] += 1
    found = count_pairs(pred.to(dtype), truth.to(dtype), 4, ignore_index)
    np.testing.assert_array_equal(found, expected)
