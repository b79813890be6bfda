"""Moments of channels, and the batch norm that follows from them."""
import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.ops import blocks, channel_moments, fold_batch_norm


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


@pytest.fixture(autouse=True, params=['blocks', 'at once'])
def form(request, monkeypatch):
    """The batch is gone through in blocks, or taken as on a GPU."""
    torch.manual_seed(0)
    if request.param == 'at once':
        monkeypatch.setattr(blocks, 'DEVICES', ())
    return request.param


def test_moments_are_pytorchs():
    x = numbers(2, 3, 4, 5)
    mean, covariance = channel_moments(x)
    pixels = x.detach().permute(1, 0, 2, 3).flatten(1)
    torch.testing.assert_close(mean, pixels.mean(1))
    torch.testing.assert_close(covariance, pixels.cov(correction=0))
    assert torch.autograd.gradcheck(channel_moments, [x])


def test_moments_survive_a_large_mean(form):
    # 1e4 +- 1: in float32 the mean of squares would lose the variance
    x = 1e4 + torch.randn(1, 1, 64, 64)
    mean, covariance = channel_moments(x)
    assert covariance.item() == pytest.approx(
        x.double().var(correction=0).item())
    assert mean.dtype == dict(zip(('blocks', 'at once'),
                                  (torch.float64, torch.float32)))[form]


@pytest.mark.parametrize('ratio', [10, 100])
def test_moments_in_single_precision(ratio):
    # of the mean to the standard deviation
    x = ratio + torch.randn(4, 8, 64, 64) @ torch.randn(64, 64) / 8
    pixels = x.double().permute(1, 0, 2, 3).flatten(1)
    exact = pixels.cov(correction=0)
    deviations = exact.diagonal().sqrt()
    mean, covariance = channel_moments(x)
    assert ((mean - pixels.mean(1)).abs() < 1e-7 * ratio * deviations).all()
    scale = deviations[:, None] * deviations
    assert ((covariance - exact).abs() < 1e-6 * scale).all()


@pytest.mark.parametrize('ratio', [0, 10, 100])
def test_gradients_in_half_precision(ratio):
    x = (ratio + torch.randn(2, 8, 16, 16)).bfloat16().requires_grad_()
    upper = torch.randn(8), torch.randn(8, 8)
    exact = x.detach().double().requires_grad_()
    grad, wanted = (
        torch.autograd.grad(moments, y, [
            g.to(m.dtype) for g, m in zip(upper, moments)
        ])[0] for y in (x, exact) for moments in [channel_moments(y)])
    assert grad.dtype == torch.bfloat16
    # half a digit of bfloat16
    assert (grad - wanted).abs().max() < 0.01 * wanted.abs().max()


def test_folded_batch_norm_equals_the_layers():
    x, weight = numbers(2, 3, 4, 5), numbers(7, 3)
    scale, shift = numbers(7), numbers(7)
    tensors = [x, weight, scale, shift]
    convolved = F.conv2d(x, weight[..., None, None])
    expected = F.batch_norm(
        convolved, None, None, scale, shift, training=True, eps=0.1)
    *folded, mean, variance = fold_batch_norm(*tensors, eps=0.1)
    out = F.conv2d(x, folded[0][..., None, None], folded[1])
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(*(
        torch.autograd.grad(y.square().sum(), tensors)
        for y in (out, expected)))
    pixels = convolved.detach().permute(1, 0, 2, 3).flatten(1)
    torch.testing.assert_close(mean, pixels.mean(1))
    torch.testing.assert_close(variance, pixels.var(1, correction=0))
    assert not (mean.requires_grad or variance.requires_grad)
