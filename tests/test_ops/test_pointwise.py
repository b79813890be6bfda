"""1 x 1 convolutions with little memory, against PyTorch's own layers."""
import pytest
import torch
import torch.nn.functional as F
from saved_memory import kept_bytes, saved_bytes
from torch import nn

from mmseg_ext.ops import (
    blocks,
    conv_norm_relu_conv,
    norm_relu_conv,
    pointwise_mlp,
)


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture(params=['one block', 'blocks', 'at once'])
def form(request, monkeypatch):
    """The maps are cut into several blocks, or not; or as on a GPU."""
    if request.param == 'blocks':
        monkeypatch.setattr(blocks, 'NUMBERS', 40)
    if request.param == 'at once':
        monkeypatch.setattr(blocks, 'DEVICES', ())


def plain_mlp(x, weight1, bias1, weight2, bias2=None):
    hidden = F.conv2d(x, weight1[..., None, None], bias1).relu()
    return F.conv2d(hidden, weight2[..., None, None], bias2)


@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize('layout',
                         [torch.contiguous_format, torch.channels_last])
def test_mlp_equals_two_convolutions(layout, bias, form):
    x = numbers(2, 3, 4, 5).detach().to(memory_format=layout)
    tensors = [x.requires_grad_(), numbers(7, 3), numbers(7), numbers(4, 7)]
    if bias:
        tensors.append(numbers(4))
    results = []
    for function in (plain_mlp, pointwise_mlp):
        out = function(*tensors)
        results.append([out, *torch.autograd.grad(out.square().sum(),
                                                  tensors)])
    torch.testing.assert_close(results[1], results[0])
    assert torch.autograd.gradcheck(pointwise_mlp, tensors)


def test_mlp_saves_no_hidden_map(form):
    tensors = [numbers(2, 3, 16, 16), numbers(8, 3), numbers(8),
               numbers(4, 8)]
    hidden = 8 * 2 * 8 * 16 * 16
    assert saved_bytes(lambda: plain_mlp(*tensors), tensors) >= hidden
    assert saved_bytes(lambda: pointwise_mlp(*tensors), tensors) == 0
    assert kept_bytes(lambda: plain_mlp(*tensors), tensors) >= hidden
    assert kept_bytes(lambda: pointwise_mlp(*tensors), tensors) == 0


def plain_conv_norm_relu_conv(x, weight1, scale, shift, weight2, bias2=None):
    x = F.conv2d(x, weight1[..., None, None])
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
    x = F.batch_norm(x, None, None, scale, shift, training=True)
    x = F.conv2d(x.relu(), weight2[..., None, None], bias2)
    return x, mean, variance


@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize('layout',
                         [torch.contiguous_format, torch.channels_last])
def test_convolutions_and_norm_equal_the_layers(layout, bias, form):
    x = numbers(2, 3, 4, 5).detach().to(memory_format=layout)
    tensors = [x.requires_grad_(), numbers(7, 3), numbers(7), numbers(7),
               numbers(4, 7)]
    if bias:
        tensors.append(numbers(4))
    results = []
    for function in (conv_norm_relu_conv, plain_conv_norm_relu_conv):
        out, *statistics = function(*tensors)
        gradients = torch.autograd.grad(out.square().sum(), tensors)
        results.append([out, *gradients, *(x.detach() for x in statistics)])
    torch.testing.assert_close(*results)
    _, *statistics = conv_norm_relu_conv(*tensors)
    assert not any(x.requires_grad for x in statistics)


def test_convolutions_and_norm_save_their_input_alone(form):
    tensors = [numbers(2, 3, 32, 32), numbers(8, 3), numbers(8), numbers(8),
               numbers(4, 8)]
    hidden = 8 * 2 * 8 * 32 * 32

    def plain():
        return plain_conv_norm_relu_conv(*tensors)[0]

    def ours():
        return conv_norm_relu_conv(*tensors)[0]

    assert saved_bytes(plain, tensors) >= 2 * hidden
    assert saved_bytes(ours, tensors) < hidden / 20
    assert kept_bytes(plain, tensors) >= 2 * hidden
    assert kept_bytes(ours, tensors) < hidden / 20


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_survives_a_large_mean(dtype, form):
    # ten deviations: rounded weights times that would shift every channel
    x = 10 + torch.randn(2, 32, 64, 64)
    tensors = [x, torch.randn(64, 32), torch.ones(64), torch.zeros(64),
               torch.randn(48, 64)]
    exact = plain_conv_norm_relu_conv(*(t.double() for t in tensors))
    deviations = exact[0].std((0, 2, 3))
    errors = []
    for function in (plain_conv_norm_relu_conv, conv_norm_relu_conv):
        with torch.autocast('cpu', dtype):
            out, *_ = function(*tensors)
        error = out.double().mean((0, 2, 3)) - exact[0].mean((0, 2, 3))
        errors.append((error / deviations).square().mean().sqrt())
    theirs, ours = errors
    assert ours < 1.2 * theirs


def test_mlp_of_a_map_without_a_gradient(form):
    x, *weights = [numbers(1, 3, 4, 5).detach(), numbers(7, 3), numbers(7),
                   numbers(4, 7)]
    gradients = [
        torch.autograd.grad(function(x, *weights).square().sum(), weights)
        for function in (plain_mlp, pointwise_mlp)
    ]
    torch.testing.assert_close(gradients[1], gradients[0])


class Plain(nn.Module):
    """The layers of :func:`norm_relu_conv`."""

    def __init__(self, channels=3, out_channels=2, **kwargs):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, **kwargs)
        self.conv = nn.Conv2d(channels, out_channels, 1)
        nn.init.normal_(self.norm.weight)
        nn.init.normal_(self.norm.bias)

    def forward(self, x, factor):
        x = self.norm(x).relu() * factor[..., None, None]
        return self.conv(x)

    def ours(self, x, factor):
        norm, conv = self.norm, self.conv
        return norm_relu_conv(x, norm.weight, norm.bias,
                              conv.weight.flatten(1), conv.bias, factor,
                              norm.eps)[0]


@pytest.mark.parametrize('layout', ['rows', 'columns', 'channels last'])
def test_norm_relu_conv_equals_the_layers(layout, form):
    layers = Plain(eps=0.1).double()
    x = dict(rows=numbers(2, 3, 4, 5),
             columns=numbers(2, 3, 5, 4).detach().transpose(2, 3))
    x['channels last'] = x['rows'].detach().to(
        memory_format=torch.channels_last)
    x = x[layout].requires_grad_()
    factor = torch.tensor([[1, 0, 2], [3, 1, 0]], dtype=torch.float64)
    results = []
    for function in (layers.ours, layers):
        out = function(x, factor)
        gradients = torch.autograd.grad(out.square().sum(),
                                        [x, *layers.parameters()])
        results.append([out, *gradients])
    torch.testing.assert_close(results[0], results[1])
    assert all(g.abs().max() > 0 for g in results[0])


def test_norm_relu_conv_returns_the_statistics(form):
    x = 5 + numbers(2, 3, 4, 5)
    ones = torch.ones(2, 3, dtype=x.dtype)
    out, mean, variance = norm_relu_conv(x, *ones, ones, ones[:, 0], ones)
    assert out.requires_grad
    pixels = x.detach().permute(1, 0, 2, 3).flatten(1)
    torch.testing.assert_close(mean, pixels.mean(1))
    torch.testing.assert_close(variance, pixels.var(1))
    assert not (mean.requires_grad or variance.requires_grad)


def test_norm_relu_conv_without_a_factor(form):
    layers = Plain().double()
    x = numbers(2, 3, 4, 5)
    ones = torch.ones(2, 3, dtype=x.dtype)
    torch.testing.assert_close(layers.ours(x, None), layers(x, ones))


def test_norm_relu_conv_saves_its_input_alone(form):
    layers = Plain(channels=8)
    x = torch.randn(2, 8, 32, 32, requires_grad=True)
    tensors = [x, torch.ones(2, 8), *layers.parameters()]
    of_x = x.nbytes
    assert saved_bytes(lambda: layers(*tensors[:2]), tensors) > of_x
    assert saved_bytes(lambda: layers.ours(*tensors[:2]), tensors) < of_x / 100
    assert kept_bytes(lambda: layers.ours(*tensors[:2]), tensors) < of_x / 100


def test_the_operators_are_registered_as_pytorch_wants_them():
    x, factor = numbers(2, 3, 4, 5), torch.ones(2, 3, dtype=torch.float64)
    mlp = x, numbers(7, 3), numbers(7), numbers(4, 7), numbers(4)
    conv = x, numbers(3), numbers(3), numbers(4, 3), numbers(4), factor, 1e-5
    operators = torch.ops.mmseg_ext
    torch.library.opcheck(operators.pointwise_mlp, mlp)
    torch.library.opcheck(operators.norm_relu_conv, conv)
    with torch.no_grad():
        _, *statistics = operators.norm_relu_conv(*conv)
    grad = numbers(2, 4, 4, 5).detach()
    mlp, conv = ([x.detach() if isinstance(x, torch.Tensor) else x
                  for x in tensors] for tensors in (mlp, conv))
    torch.library.opcheck(operators.pointwise_mlp_backward,
                          (grad, *mlp[:-1], True))
    torch.library.opcheck(operators.norm_relu_conv_backward,
                          (grad, *conv[:4], factor, *statistics, 1e-5))


def test_autocast_computes_in_bfloat16(form):
    tensors = [
        x.detach().float().requires_grad_()
        for x in (numbers(2, 3, 4, 5), numbers(7, 3), numbers(7),
                  numbers(4, 7), numbers(4))
    ]
    expected = plain_mlp(*tensors)
    with torch.autocast('cpu', torch.bfloat16):
        out = pointwise_mlp(*tensors)
    assert out.dtype == torch.bfloat16
    assert (out - expected).abs().max() < 0.05 * expected.abs().max()
    gradients = torch.autograd.grad(out.float().square().sum(), tensors)
    wanted = torch.autograd.grad(expected.square().sum(), tensors)
    for found, exact in zip(gradients, wanted):
        assert found.dtype == torch.float32
        assert (found - exact).abs().max() < 0.1 * exact.abs().max()
