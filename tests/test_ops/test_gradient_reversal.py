"""A gradient that changes sign on its way back."""
import torch

from mmseg_ext.ops import reverse_gradient


def test_a_reversed_gradient():
    x = torch.randn(3, dtype=torch.float64, requires_grad=True)
    y = reverse_gradient(x, 2.5)
    assert torch.equal(x, y)
    y.square().sum().backward()
    torch.testing.assert_close(x.grad, -5 * x.detach())
