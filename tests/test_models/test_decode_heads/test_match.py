"""The prior maps against cells counted by hand."""
import math

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from model_tests import ModelTests, grids

# the cells of a map of 2 x 2, row by row
CELLS = [(1., 0.), (0., 1.), (1., 1.), (3., 3.)]


def head(matcher='dense', in_channels=6, **kwargs):
    init_default_scope('mmseg')
    return MODELS.build(dict(
        type='MatchHead', in_channels=in_channels, channels=8,
        matcher=matcher, dropout_ratio=0, in_index=0, **kwargs))


class TestMatchHead(ModelTests):
    test_one_stage = None
    matcher = 'prototype'  # of all, what a mask covers has a gradient

    def build(self):
        return head(self.matcher)

    def inputs(self, batch, size):
        grid = grids(3, size)[2]
        covered = torch.rand(batch, 3, 1, *grid) * 0.9
        covered[:, 0, :, :2] = 0
        return [torch.randn(batch, 1, 6, *grid),
                torch.randn(batch, 3, 6, *grid),
                torch.cat([covered, (covered == 0).float()], 2)]

    def shapes(self, batch, size):
        return [(batch, 2, *grids(3, size)[2])]


def as_map(cells):
    return torch.tensor(cells).T.reshape(1, 1, -1, 2, 2)


def priors(matcher, query, support, covered, **kwargs):
    """Return both prior maps of one query, (2, h, w)."""
    seen = {}
    net = head(matcher, query.shape[2], **kwargs)
    net.convs.register_forward_pre_hook(
        lambda _, inputs: seen.update(x=inputs[0][:, 8:]))
    net((query, support, covered))
    return seen['x'][0]


def covers(*values):
    """What a class covers of 2 x 2 cells, and the background of the rest."""
    found = torch.tensor(values).view(1, 1, 1, 2, 2)
    return torch.cat([found, (found == 0).float()], 2)


def test_prototype():
    x = as_map(CELLS)
    left, normal = priors('prototype', x, x, covers(1., 0., 1., 0.), tau=1.0)
    unit = F.normalize(torch.tensor(CELLS), dim=1)
    means = torch.stack([unit[[0, 2]].mean(0), unit[[1, 3]].mean(0)])
    cosines = unit @ F.normalize(means, dim=1).T
    expected = cosines.softmax(1)[:, 0].view(2, 2)
    torch.testing.assert_close(left, expected)
    nearest = (unit @ unit[[1, 3]].T).amax(1).view(2, 2)
    torch.testing.assert_close(normal, 1 - nearest)


def test_dense():
    x = as_map(CELLS)
    score, normal = priors('dense', x, x, covers(1., 0., 0.5, 0.), tau=0.5)
    half = math.sqrt(0.5)
    # the nearest of cells 0 and 2, less the nearest of 1 and 3
    expected = torch.tensor([[1 - half, half - 1], [0., 0.]]) / 0.5
    torch.testing.assert_close(score, expected, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(
        normal, torch.tensor([[1 - half, 0.], [0., 0.]]) / 0.5,
        atol=1e-6, rtol=1e-5)


def test_attention_in_its_raw_form():
    x = as_map(CELLS)
    score, _ = priors('attention', x, x, covers(1., 0., 0.4, 0.), tau=1.0,
                      normalize=False)
    cells = torch.tensor(CELLS)
    weights = (cells @ cells.T).softmax(1)
    expected = (weights @ torch.tensor([1., 0., 0.4, 0.])).view(2, 2)
    torch.testing.assert_close(score, expected)


def test_attention_from_the_nearest_to_the_mean():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 1, 16, 4, 4, generator=generator)
    mask = (torch.rand(16, generator=generator) > 0.6).float().view(4, 4)
    covered = torch.stack([mask, 1 - mask])[None, None]
    found = {tau: priors('attention', x, x, covered, tau=tau)[0]
             for tau in (1e-3, 1e4)}
    torch.testing.assert_close(found[1e-3], mask)
    torch.testing.assert_close(found[1e4], mask.mean().expand(4, 4),
                               atol=1e-3, rtol=0)
    # a support equal to the query returns its mask
    dense = priors('dense', x, x, covered)[0]
    assert torch.equal(dense > 0, mask > 0)


@pytest.mark.parametrize('matcher', ['dense', 'prototype', 'attention'])
class TestMatchers:

    def test_order_of_supports_does_not_matter(self, matcher):
        torch.manual_seed(0)
        net = head(matcher).eval()
        query, support, covered = TestMatchHead().inputs(1, (64, 64))
        order = [2, 0, 1]
        torch.testing.assert_close(
            net((query, support[:, order], covered[:, order])),
            net((query, support, covered)), atol=1e-5, rtol=1e-5)

    def test_cells_that_are_neither_do_not_matter(self, matcher):
        torch.manual_seed(0)
        net = head(matcher).eval()
        query, support, covered = TestMatchHead().inputs(1, (64, 64))
        covered[:, :, :, 2, 3] = 0.2  # too little for the class
        expected = net((query, support, covered))
        support[:, :, :, 2, 3] += 1
        torch.testing.assert_close(net((query, support, covered)), expected)

    def test_by_given_cells(self, matcher):
        """What tools/few_shot.py asks is what is trained."""
        torch.manual_seed(0)
        net = head(matcher).eval()
        query, support, covered = TestMatchHead().inputs(1, (64, 64))
        covered = torch.cat([(covered[:, :, :1] > 0.5).float(),
                             (covered[:, :, :1] <= 0.5).float()], 2)
        logits = net((query, support, covered))[0]
        cells = support[0].permute(0, 2, 3, 1).flatten(0, 2)
        own = covered[0, :, 0].flatten() > 0
        found = net.score_map(query[0, 0], cells[own],
                              torch.ones(int(own.sum())), cells[~own])
        torch.testing.assert_close(found, logits[1] - logits[0],
                                   atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(('kwargs', 'sentence'), [
    (dict(matcher='best'), 'matcher'),
    (dict(num_classes=3), 'must be 2'),
    (dict(tau=0), 'above 0'),
    (dict(normalize=False), 'cosines'),
])
def test_refusals(kwargs, sentence):
    with pytest.raises(ValueError, match=sentence):
        head(**kwargs)
