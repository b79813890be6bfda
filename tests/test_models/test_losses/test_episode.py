"""The loss of episodes against its formulas written out."""
import pytest
import torch

from mmseg_ext.models.losses import EpisodeLoss


def one(logits, labels, ce=1.0, dice=1.0):
    """The loss of an image, pixel by pixel."""
    known = labels != 255
    prob = logits.softmax(0)[:, known]
    labels = labels[known]
    if not len(labels):
        return 0.0
    if not (labels == 1).any():  # the inverted problem
        p = prob[0]
        return dice * (1 - 2 * p.sum() / (p.sum() + len(labels)))
    p = prob[1]
    cross = -prob.gather(0, labels[None]).log().mean()
    both = p[labels == 1].sum()
    return ce * cross + dice * (
        1 - 2 * both / (p.sum() + (labels == 1).sum()))


def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 2, 5, 6, generator=generator,
                         dtype=torch.float64)
    labels = torch.randint(2, (4, 5, 6), generator=generator)
    labels[0, :2] = 255
    labels[1] = 0  # without the class
    labels[2] = 255  # without a label
    return logits, labels


@pytest.mark.parametrize(('ce', 'dice'), [(1.0, 1.0), (0.3, 2.0)])
def test_each_image_counts_alike(ce, dice):
    logits, labels = batch()
    expected = sum(one(*pair, ce, dice) for pair in zip(logits, labels)) / 4
    found = EpisodeLoss(ce, dice, loss_weight=3.0)(logits, labels)
    assert found == pytest.approx(3 * float(expected))


def test_gradients():
    logits, labels = batch()
    loss = EpisodeLoss()
    assert torch.autograd.gradcheck(
        lambda x: loss(x, labels), logits.requires_grad_())
    loss(logits, labels).backward()
    assert not logits.grad[2].any()
    # nothing to find: only finding costs
    assert (logits.grad[1, 1] > 0).all()


def test_half_precision():
    logits, labels = batch()
    found = EpisodeLoss()(logits.half(), labels)
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(
        float(EpisodeLoss()(logits, labels)), rel=1e-2)


@pytest.mark.parametrize(('kwargs', 'sentence'), [
    (dict(ce_weight=-1), 'ce_weight'),
    (dict(loss_name='dice'), 'loss_'),
])
def test_refusals(kwargs, sentence):
    with pytest.raises(ValueError, match=sentence):
        EpisodeLoss(**kwargs)


def test_refuses_other_shapes():
    with pytest.raises(ValueError, match='two channels'):
        EpisodeLoss()(torch.zeros(1, 3, 2, 2),
                      torch.zeros(1, 2, 2, dtype=torch.long))
