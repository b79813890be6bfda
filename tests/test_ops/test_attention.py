"""Scaled dot-product attention against the equation written out."""
import math

import pytest
import torch

from mmseg_ext.ops import attend
from mmseg_ext.ops.attention import _parts_of_queries


def tokens(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def written_out(query, key, value, num_heads: int) -> torch.Tensor:
    """softmax(Q K^T / sqrt(d_k)) V, one head after the other."""
    heads = []
    for q, k, v in zip(*(x.chunk(num_heads, dim=-1)
                         for x in (query, key, value))):
        scores = torch.einsum('bnd,bmd->bnm', q, k) / math.sqrt(q.shape[-1])
        weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
        heads.append(torch.einsum('bnm,bmd->bnd', weights, v))
    return torch.cat(heads, dim=-1)


@pytest.mark.parametrize('backend', ['fused', 'plain'])
@pytest.mark.parametrize('num_heads', [1, 2, 4])
def test_equals_the_equation(backend, num_heads):
    q, k, v = tokens(2, 7, 8), tokens(2, 5, 8), tokens(2, 5, 8)
    out = attend(q, k, v, num_heads, backend)
    torch.testing.assert_close(out, written_out(q, k, v, num_heads))


def test_backends_agree_in_gradient():
    q, k, v = tokens(1, 9, 8), tokens(1, 4, 8), tokens(1, 4, 8)
    weight = torch.randn(1, 9, 8, dtype=torch.float64)
    gradients = [
        torch.autograd.grad((attend(q, k, v, 2, backend) * weight).sum(),
                            (q, k, v)) for backend in ('fused', 'plain')
    ]
    for fused, plain in zip(*gradients):
        torch.testing.assert_close(fused, plain)


@pytest.fixture(params=[1, 2, 4, 5])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize(('batch', 'num_heads'), [(1, 1), (1, 2), (2, 2)])
def test_any_number_of_threads_computes_the_same(threads, batch, num_heads):
    # 12 = 2 x 6 = 4 x 3: split for 2 and 4 threads; for 5 as 6 x 2
    q, k, v = tokens(batch, 12, 8), tokens(batch, 5, 8), tokens(batch, 5, 8)
    weight = torch.randn(batch, 12, 8, dtype=torch.float64)
    results = []
    for function in (attend, written_out):
        out = function(q, k, v, num_heads)
        results.append(
            [out, *torch.autograd.grad((out * weight).sum(), (q, k, v))])
    torch.testing.assert_close(*results)


@pytest.mark.parametrize(('shape', 'threads', 'parts'), [
    ((1, 1, 12, 4), 1, 1),
    ((1, 1, 12, 4), 4, 4),
    ((1, 1, 12, 4), 5, 6),
    ((1, 2, 12, 4), 4, 2),
    ((2, 2, 12, 4), 4, 1),
    ((1, 1, 13, 4), 4, 1),  # a prime
], indirect=['threads'])
def test_queries_are_split_among_idle_threads(shape, threads, parts):
    query = tokens(*shape)
    assert _parts_of_queries(query) == parts
    assert _parts_of_queries(query.detach()) == 1


@pytest.mark.parametrize('backend', ['fused', 'plain'])
def test_gradcheck(backend):
    q, k, v = tokens(1, 4, 4), tokens(1, 3, 4), tokens(1, 3, 4)
    assert torch.autograd.gradcheck(
        lambda *qkv: attend(*qkv, num_heads=2, backend=backend), (q, k, v))


def test_unknown_backend_is_refused():
    x = torch.zeros(1, 2, 4)
    with pytest.raises(ValueError, match=r"backend='flash'.*fused.*plain"):
        attend(x, x, x, backend='flash')


@pytest.mark.parametrize('num_heads', [0, 3])
def test_heads_that_do_not_divide_are_refused(num_heads):
    x = torch.zeros(1, 2, 4)
    with pytest.raises(ValueError, match=f'num_heads={num_heads}.*4 chan'):
        attend(x, x, x, num_heads)
