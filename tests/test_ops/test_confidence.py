"""Weights of pseudo-labels."""
import pytest
import torch

from mmseg_ext.ops import confidence_weight


def test_a_uniform_prediction_has_none():
    probabilities = torch.full((2, 5, 3, 4), 1 / 5)
    weight = confidence_weight(probabilities.max(1).values, 0.968)
    assert weight.tolist() == [0, 0]


def test_the_fraction_above_the_threshold_image_by_image():
    confidence = torch.tensor([[[0.97, 0.99], [0.5, 0.96]],
                               [[0.9, 0.4], [0.968, 0.1]],
                               [[1.0, 1.0], [1.0, 1.0]]])
    found = confidence_weight(confidence, 0.968)
    # what equals the threshold is not above it
    assert found.tolist() == [0.5, 0, 1]
    valid = torch.tensor([[[1, 0], [1, 1]], [[1, 1], [1, 1]],
                          [[0, 0], [0, 0]]]).bool()
    found = confidence_weight(confidence, 0.968, valid)
    assert found.tolist() == pytest.approx([1 / 3, 0, 0])
