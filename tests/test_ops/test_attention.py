"""Scaled dot-product attention against the equation written out."""
import math

import pytest
import torch

from mmseg_ext.ops import attend


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
