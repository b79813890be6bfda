"""Dice coefficient against its formula in numpy."""
import numpy as np
import pytest
import torch

from mmseg_ext.ops import soft_dice


def formula(prob, labels, weight, smooth: float) -> list:
    """Class by class; None where the class does not occur."""
    result = []
    for c in range(prob.shape[1]):
        truth = weight * (labels == c)
        overlap = (truth * prob[:, c]).sum()
        size = truth.sum() + (weight * prob[:, c]).sum()
        occurs = truth.sum() > 0
        result.append(
            (2 * overlap + smooth) / (size + smooth) if occurs else None)
    return result


def batch(num_classes: int = 4, size=(2, 7, 5), seed: int = 0):
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet(np.ones(num_classes), size).transpose(0, 3, 1, 2)
    return prob, rng.integers(0, num_classes, size), rng.random(size)


@pytest.mark.parametrize('smooth', [0.0, 1.0])
def test_equals_the_formula(smooth):
    prob, labels, weight = batch()
    labels[labels == 2] = 1  # class 2 is absent
    labels[0, :3] = 255
    weight[labels == 255] = 0
    weight[labels == 3] = 0  # class 3 is there, but does not count
    dice, occurs = soft_dice(
        torch.tensor(prob), torch.tensor(labels), torch.tensor(weight),
        smooth)
    expected = formula(prob, labels, weight, smooth)
    assert occurs.tolist() == [True, True, False, False]
    assert dice[2:].tolist() == [0, 0]
    np.testing.assert_allclose(dice[:2], expected[:2], rtol=1e-12)


def test_no_weight_counts_every_pixel():
    prob, labels, _ = batch()
    dice, _ = soft_dice(torch.tensor(prob), torch.tensor(labels))
    np.testing.assert_allclose(
        dice, formula(prob, labels, np.ones(labels.shape), 0), rtol=1e-12)


def test_hard_probabilities_give_the_f1_score():
    _, pred, _ = batch(2, seed=1)
    _, labels, _ = batch(2, seed=2)
    prob = torch.nn.functional.one_hot(torch.tensor(pred)).movedim(-1, 1)
    dice, _ = soft_dice(prob.double(), torch.tensor(labels))
    hits = ((pred == 1) & (labels == 1)).sum()
    precision, recall = hits / (pred == 1).sum(), hits / (labels == 1).sum()
    assert dice[1].item() == pytest.approx(
        2 * precision * recall / (precision + recall))


def test_the_batch_is_one_volume():
    prob, labels, _ = (torch.tensor(x) for x in batch())
    whole, _ = soft_dice(prob, labels)
    beside = prob.permute(1, 0, 2, 3).flatten(1, 2)[None]
    torch.testing.assert_close(
        soft_dice(beside, labels.flatten(0, 1)[None])[0], whole)


def test_absent_class_has_no_gradient():
    prob = torch.full((1, 3, 2, 2), 0.5, dtype=torch.float64)
    prob[:, 2] = 0  # neither predicted nor true: 0 / 0
    prob.requires_grad_()
    dice, occurs = soft_dice(prob, torch.tensor([[[0, 0], [1, 1]]]))
    dice.sum().backward()
    assert occurs.tolist() == [True, True, False]
    assert prob.grad[:, 2].abs().sum() == 0
    assert prob.grad[:, :2].abs().min() > 0
