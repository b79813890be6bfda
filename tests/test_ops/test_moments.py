"""Moments of the channels, against PyTorch's own."""
import pytest
import torch

from mmseg_ext.ops import channel_moments


def test_moments_are_pytorchs():
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    mean, covariance = channel_moments(x)
    pixels = x.detach().permute(1, 0, 2, 3).flatten(1)
    torch.testing.assert_close(mean, pixels.mean(1))
    torch.testing.assert_close(covariance, pixels.cov(correction=0))
    assert torch.autograd.gradcheck(channel_moments, [x])


def test_moments_survive_a_large_mean():
    # 1e4 +- 1: in float32 the mean of squares would lose the variance
    x = 1e4 + torch.randn(1, 1, 64, 64)
    variance = channel_moments(x)[1].item()
    assert variance == pytest.approx(x.double().var(correction=0).item())
