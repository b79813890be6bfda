"""Numbers as eight bits: the correct formula and the one often printed."""
import numpy as np
import pytest
import torch

from mmseg_ext.ops import (
    affine_parameters,
    dequantize,
    dequantize_from_low,
    quantize,
    quantize_from_low,
    symmetric_scale,
)

X = torch.tensor([-1, 0, .5, 3], dtype=torch.float64)


def test_counting_from_the_smallest_number_misses_zero():
    q = quantize_from_low(X, -1, 3)
    assert q.tolist() == [0, 64, 96, 255]
    back = dequantize_from_low(q, -1, 3)
    assert back[1].item() == pytest.approx(64 * 4 / 255 - 1, abs=1e-6)
    assert back[1].item() == pytest.approx(0.0039, abs=1e-4)


def test_zero_is_exact():
    scale, zero_point = affine_parameters(-1, 3)
    assert scale == pytest.approx(4 / 255) and zero_point == 64
    q = quantize(X, scale, zero_point)
    assert q.tolist() == [0, 64, 96, 255]
    assert dequantize(q, scale, zero_point)[1].item() == 0


@pytest.mark.parametrize(('low', 'high', 'scale', 'zero_point'), [
    (2, 5, 5 / 255, 0), (-5, -2, 5 / 255, 255), (0, 0, 1, 0),
])
def test_ranges_are_widened_to_hold_zero(low, high, scale, zero_point):
    assert affine_parameters(low, high) == (pytest.approx(scale), zero_point)


@pytest.mark.parametrize(('low', 'high'), [(-1, 3), (-.3, .01), (2, 5)])
def test_error_is_half_a_step_at_most(low, high):
    x = torch.linspace(low, high, 9999, dtype=torch.float64)
    scale, zero_point = affine_parameters(low, high)
    back = dequantize(quantize(x, scale, zero_point), scale, zero_point)
    assert (back - x).abs().max() <= scale / 2 * (1 + 1e-9)
    # outside it is the end of the range
    out = dequantize(quantize(x + 9, scale, zero_point), scale, zero_point)
    assert abs(out.max().item() - max(high, 0)) <= scale / 2 * (1 + 1e-9)


def test_weights_of_each_channel_have_their_own_step():
    weight = torch.randn(
        4, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    weight *= torch.tensor([1e-3, 1, 50, 0]).view(-1, 1, 1, 1)
    scale = symmetric_scale(weight)
    assert scale.shape == (4, 1, 1, 1)
    np.testing.assert_allclose(
        scale.flatten()[:3], np.abs(weight.numpy()).max((1, 2, 3))[:3] / 127)
    q = quantize(weight, scale, 0, -127, 127)
    assert q[:3].abs().amax((1, 2, 3)).tolist() == [127] * 3
    assert ((dequantize(q, scale) - weight).abs() <= scale / 2 + 1e-7).all()


@pytest.mark.parametrize('bad', [(1, -1), (float('nan'), 1),
                                 (0, float('inf'))])
def test_bad_ranges(bad):
    with pytest.raises(ValueError, match='the smaller one first'):
        affine_parameters(*bad)
