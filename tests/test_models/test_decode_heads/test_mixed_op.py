"""The weighted mean of operations, and what its weights learn."""
import math

import pytest
import torch
from torch import nn

from mmseg_ext.models.decode_heads import MixedOp, is_of_architecture

WEIGHTS = (.090031, .244728, .665241)  # softmax of 0, 1 and 2


class Times(nn.Module):
    """Multiply by a number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


def mixed(alpha=(0., 1., 2.), factors=(1., 2., 4.)) -> MixedOp:
    mixture = MixedOp({f'times{i}': Times(factor)
                       for i, factor in enumerate(factors)})
    with torch.no_grad():
        mixture.arch_alpha.copy_(torch.tensor(alpha))
    return mixture


def test_is_the_softmax_weighted_sum():
    mixture, x = mixed(), torch.tensor([1., -2.])
    torch.testing.assert_close(
        mixture.weights(), torch.tensor(WEIGHTS), atol=1e-6, rtol=0)
    torch.testing.assert_close(
        mixture(x), x * (WEIGHTS[0] + 2 * WEIGHTS[1] + 4 * WEIGHTS[2]),
        atol=1e-5, rtol=0)
    assert mixture.chosen() == 'times2'
    names = [name for name, _ in mixture.named_parameters()]
    assert names == ['arch_alpha'] and is_of_architecture(names[0])


def test_temperature_sharpens_as_larger_alphas_do():
    mixture = mixed()
    mixture.temperature.fill_(0.1)
    assert torch.equal(mixture.weights(), mixed((0., 10., 20.)).weights())


def test_of_one_hot_weights_it_is_the_operation_alone():
    mixture, x = mixed((0., 200., 0.)), torch.randn(3)
    assert torch.equal(mixture(x), 2 * x)
    assert mixture.entropy() == pytest.approx(0)
    assert mixed((1., 1., 1.)).entropy() == pytest.approx(1)


def test_without_an_operation_the_others_add_up_to_one():
    mixture = mixed()
    with mixture.without('times2'):
        torch.testing.assert_close(mixture.weights(), torch.tensor(
            [1 / (1 + math.e), math.e / (1 + math.e), 0]))
    assert mixture.weights()[2] > 0.6


def test_gradient_of_the_weights():
    mixture = mixed().double()
    x = torch.tensor([1., -2., 3.], dtype=torch.float64)

    def out(alpha):
        return torch.func.functional_call(
            mixture, dict(arch_alpha=alpha), (x, ))

    alpha = mixture.arch_alpha.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(out, alpha)
    # w_i (op_i - sum_j w_j op_j), written out
    grad, = torch.autograd.grad(out(alpha).sum(), alpha)
    weights, outs = alpha.softmax(0), torch.tensor([1., 2., 4.]).double() * 2
    torch.testing.assert_close(
        grad, weights * (outs - (weights * outs).sum()))
