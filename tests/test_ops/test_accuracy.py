"""Accuracy of pixels against mmseg's."""
import pytest
import torch
from mmseg.models.losses import accuracy

from mmseg_ext.ops import pixel_accuracy


@pytest.mark.parametrize('classes', [1, 2, 5])
@pytest.mark.parametrize('ignore_index', [255, 0, -100])
def test_equals_mmseg(classes, ignore_index):
    torch.manual_seed(0)
    logits = torch.randn(2, classes, 13, 17)
    labels = torch.randint(classes, (2, 13, 17))
    labels[torch.rand(labels.shape) < 0.3] = ignore_index
    labels[0, 0, :3] = classes  # no class at all
    expected = accuracy(logits, labels, ignore_index=ignore_index)
    found = pixel_accuracy(logits, labels, ignore_index)
    assert found.shape == expected.shape == (1, )
    torch.testing.assert_close(found, expected)
    assert 0 < found < 100 or (classes == 1 and ignore_index == 0)


def test_all_ignored_as_in_mmseg():
    logits, labels = torch.randn(1, 3, 4, 4), torch.full((1, 4, 4), 255)
    expected = accuracy(logits, labels, ignore_index=255)
    torch.testing.assert_close(pixel_accuracy(logits, labels, 255), expected)


def test_takes_no_part_in_the_gradient():
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    assert not pixel_accuracy(logits, labels, 255).requires_grad
