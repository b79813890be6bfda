"""Deformable convolution: every backend, a loop over pixels, F.conv2d."""
import math
import sys

import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.compat.mmcv_ops import MissingOps
from mmseg_ext.ops.deform_conv import available_backends, deform_conv2d

INSTALLED = available_backends()
COMPILED = [
    pytest.param(name, marks=pytest.mark.skipif(
        name not in INSTALLED, reason=f'{name} has no operators here'))
    for name in ('torchvision', 'mmcv')
]
EVERY = [*COMPILED, 'torch']
# batch, channels, out channels, groups, deformable groups, input, kernel
SIZES = dict(
    batch=2, channels=4, out=6, groups=1, deformable=1, size=(7, 6),
    kernel=(3, 3))


def make(stride=(1, 1), padding=(0, 0), dilation=(1, 1), masked=True,
         dtype=torch.float32, seed=0, **sizes):
    """Return tensors of random values, and the geometry as keywords."""
    s = {**SIZES, **sizes}
    out_size = [
        (s['size'][i] + 2 * padding[i] - dilation[i] * (s['kernel'][i] - 1)
         - 1) // stride[i] + 1 for i in range(2)
    ]
    taps = s['deformable'] * math.prod(s['kernel'])
    generator = torch.Generator().manual_seed(seed)

    def randn(*shape):
        return torch.randn(
            *shape, dtype=dtype, generator=generator).requires_grad_()

    tensors = dict(
        input=randn(s['batch'], s['channels'], *s['size']),
        offset=randn(s['batch'], 2 * taps, *out_size),
        weight=randn(s['out'], s['channels'] // s['groups'], *s['kernel']),
        bias=randn(s['out']),
        mask=randn(s['batch'], taps, *out_size) if masked else None)
    return tensors, dict(stride=stride, padding=padding, dilation=dilation)


CASES = dict(
    plain=dict(masked=False),
    modulated=dict(padding=(1, 1)),
    stride=dict(stride=(2, 3), padding=(1, 2)),
    dilation=dict(dilation=(2, 1), padding=(2, 0), masked=False),
    kernel=dict(kernel=(1, 4), padding=(0, 1)),
    groups=dict(groups=2, deformable=2, padding=(1, 1)),
    depthwise=dict(groups=4, out=4, deformable=4, masked=False),
    more_groups=dict(channels=8, groups=2, deformable=4, stride=(2, 2)),
    pixel=dict(size=(1, 1), padding=(1, 1)),
    tiny=dict(size=(2, 2), padding=(1, 1), masked=False),
    large_batch=dict(batch=33, size=(3, 3), masked=False),
    empty_batch=dict(batch=0))


def value_and_gradients(tensors, geometry, backend, autocast=None):
    with torch.autocast('cpu', autocast, enabled=autocast is not None):
        out = deform_conv2d(**tensors, **geometry, backend=backend)
    given = [x for x in tensors.values() if x is not None]
    # -1, 0 and 1, which half precision does not round
    slope = torch.arange(out.numel()).remainder(3).sub(1).view_as(out)
    return [out, *torch.autograd.grad((out * slope).sum(), given)]


@pytest.mark.parametrize('backend', COMPILED)
@pytest.mark.parametrize('case', CASES)
def test_backends_agree_in_value_and_gradients(case, backend):
    tensors, geometry = make(**CASES[case])
    ours = value_and_gradients(tensors, geometry, 'torch')
    theirs = value_and_gradients(tensors, geometry, backend)
    for x, y in zip(ours, theirs):
        torch.testing.assert_close(x, y, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('backend', COMPILED)
@pytest.mark.parametrize('move', [0., 1., -1.])
def test_backends_agree_on_whole_pixels(backend, move):
    # the kinks of bilinear sampling, where training starts (zero offsets)
    tensors, geometry = make(padding=(1, 1), size=(37, 41))
    tensors['offset'] = torch.full_like(
        tensors['offset'], move).requires_grad_()
    if backend == 'mmcv' and move:
        pytest.skip('mmcv has another slope exactly one pixel outside')
    ours = value_and_gradients(tensors, geometry, 'torch')
    theirs = value_and_gradients(tensors, geometry, backend)
    for x, y in zip(ours, theirs):
        torch.testing.assert_close(x, y, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize('backend', EVERY)
def test_equals_a_loop_over_pixels(backend):
    tensors, geometry = make(
        dtype=torch.float64, size=(4, 5), stride=(1, 2), padding=(1, 0),
        dilation=(1, 2), groups=2, deformable=2, batch=1)
    x, offset, weight, bias, mask = (
        tensors[name].detach()[0] if name in ('input', 'offset', 'mask') else
        tensors[name].detach()
        for name in ('input', 'offset', 'weight', 'bias', 'mask'))

    def sample(channel, y, x_):
        value = 0.
        for row in range(4):
            for column in range(5):
                value += x[channel, row, column] * max(
                    0., 1 - abs(row - y)) * max(0., 1 - abs(column - x_))
        return value

    out = deform_conv2d(**tensors, **geometry, backend=backend)
    expected = torch.zeros_like(out)
    for o, i, j in torch.cartesian_prod(
            *(torch.arange(n) for n in out.shape[1:])).tolist():
        expected[0, o, i, j] = bias[o]
        for within in range(2):
            channel = 2 * (o // 3) + within  # 6 outputs, 4 inputs, 2 groups
            for tap in range(9):
                k = 9 * (channel // 2) + tap  # 2 deformable groups
                y = i - 1 + tap // 3 + offset[2 * k, i, j].item()
                x_ = 2 * j + 2 * (tap % 3) + offset[2 * k + 1, i, j].item()
                expected[0, o, i, j] += (
                    weight[o, within, tap // 3, tap % 3] * mask[k, i, j] *
                    sample(channel, y, x_))
    torch.testing.assert_close(out, expected)


@pytest.mark.parametrize('backend', EVERY)
@pytest.mark.parametrize('geometry', [
    dict(), dict(stride=2, padding=1), dict(padding=(2, 3), dilation=(2, 1)),
    dict(stride=(1, 3))])
def test_zero_offsets_are_a_convolution(backend, geometry):
    # whole numbers: no rounding, thus equal to the last bit
    x = torch.randint(-9, 10, (2, 4, 9, 8)).float()
    weight = torch.randint(-9, 10, (6, 2, 3, 3)).float()
    bias = torch.randint(-9, 10, (6,)).float()
    expected = F.conv2d(x, weight, bias, groups=2, **geometry)
    offset = torch.zeros(2, 18, *expected.shape[2:])
    out = deform_conv2d(
        x, offset, weight, bias, **geometry, backend=backend)
    assert torch.equal(out, expected)


@pytest.mark.parametrize('backend', EVERY)
def test_gradcheck(backend):
    tensors, geometry = make(
        dtype=torch.float64, size=(2, 3), channels=2, out=2, kernel=(2, 2),
        padding=(1, 0), groups=2, deformable=2, batch=1)
    with torch.no_grad():  # 0.1 to 0.9 of a pixel: away from the kinks
        tensors['offset'].uniform_(0.1, 0.9).sub_(
            torch.randint(0, 3, tensors['offset'].shape))
    assert torch.autograd.gradcheck(
        lambda *x: deform_conv2d(*x, **geometry, backend=backend),
        tuple(tensors.values()))


@pytest.mark.parametrize('backend', EVERY)
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast(backend, dtype):
    tensors, geometry = make(padding=(1, 1))
    exact = value_and_gradients(tensors, geometry, backend)
    with torch.autocast('cpu', dtype):
        assert F.conv2d(tensors['input'], tensors['weight']).dtype == dtype
        # a convolution before it gives maps of the autocast type
        mixed = {
            name: x.to(dtype) if name == 'input' else x
            for name, x in tensors.items()
        }
        out = deform_conv2d(**mixed, **geometry, backend=backend)
    ours = value_and_gradients(tensors, geometry, backend, dtype)
    assert out.dtype == ours[0].dtype == dtype
    for x, y in zip(ours[1:], exact[1:]):
        assert x.dtype == torch.float32
        torch.testing.assert_close(x, y, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours[0], exact[0].to(dtype))


@pytest.mark.parametrize('backend', EVERY)
def test_autocast_spares_float64(backend):
    tensors, geometry = make(dtype=torch.float64)
    with torch.autocast('cpu', torch.bfloat16):
        out = deform_conv2d(**tensors, **geometry, backend=backend)
    assert out.dtype == torch.float64


@pytest.mark.parametrize('backend', EVERY)
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_keeps_the_position(backend, dtype):
    # at column 300 bfloat16 has steps of 2 pixels, float16 of 1/4
    x = torch.arange(400.).remainder(8).expand(1, 1, 3, 400).to(dtype)
    offset = torch.full((1, 2, 3, 400), 0.125, dtype=dtype)
    weight = torch.ones(1, 1, 1, 1, dtype=dtype)
    out = deform_conv2d(x, offset, weight, backend=backend)
    assert out.dtype == dtype
    assert out[0, 0, 1, 300] == 4.125
    precise = deform_conv2d(x, offset.float(), weight, backend=backend)
    assert torch.equal(precise, out)


@pytest.mark.parametrize('backend', EVERY)
def test_infinite_offsets_are_outside(backend):
    tensors, geometry = make(masked=False)
    for value in (math.inf, -math.inf, 1e30):
        tensors['offset'] = torch.full_like(tensors['offset'], value)
        out = deform_conv2d(**tensors, **geometry, backend=backend)
        assert torch.equal(
            out, tensors['bias'].view(-1, 1, 1).expand_as(out))


def test_nan_goes_through_or_is_refused():
    tensors, geometry = make()
    tensors['offset'] = tensors['offset'].detach().clone()
    tensors['offset'][0, 0, 1, 1] = math.nan
    out = deform_conv2d(**tensors, **geometry, backend='torch')
    assert out[0, :, 1, 1].isnan().all() and not out[1].isnan().any()
    for backend in INSTALLED[:-1]:  # they would crash
        with pytest.raises(FloatingPointError, match='offset holds NaN'):
            deform_conv2d(**tensors, **geometry, backend=backend)


@pytest.mark.parametrize('backend', EVERY)
def test_channels_last_and_strided_inputs(backend):
    tensors, geometry = make()
    expected = deform_conv2d(**tensors, **geometry, backend=backend)
    moved = {
        name: x.contiguous(memory_format=torch.channels_last)
        if x.dim() == 4 else x for name, x in tensors.items()
    }
    torch.testing.assert_close(
        deform_conv2d(**moved, **geometry, backend=backend), expected)


class Layer(torch.nn.Module):
    """Deformable 3x3 convolution whose offsets are convolved."""

    def __init__(self) -> None:
        super().__init__()
        self.offset = torch.nn.Conv2d(4, 27, 3, padding=1)
        self.weight = torch.nn.Parameter(torch.randn(6, 4, 3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        offset, mask = self.offset(x).split([18, 9], dim=1)
        return deform_conv2d(
            x, offset, self.weight, mask=mask.sigmoid(), padding=1)


@pytest.fixture
def layer() -> Layer:
    torch.manual_seed(0)
    return Layer()


def test_export(layer):
    sizes = {0: torch.export.Dim('batch'), 2: torch.export.Dim('h', min=2),
             3: torch.export.Dim('w', min=2)}
    program = torch.export.export(
        layer, (torch.randn(2, 4, 6, 5),), dynamic_shapes=dict(x=sizes))
    targets = {str(node.target) for node in program.graph.nodes}
    assert not any('torchvision' in x or 'bag' in x for x in targets)
    for shape in ((2, 4, 6, 5), (3, 4, 9, 2)):
        x = torch.randn(shape)
        torch.testing.assert_close(program.module()(x), layer(x))


@pytest.mark.filterwarnings('ignore')  # trace is deprecated, and warns
def test_trace(layer):
    traced = torch.jit.trace(layer, torch.randn(1, 4, 6, 5))
    assert 'torchvision' not in str(traced.inlined_graph)
    x = torch.randn(1, 4, 6, 5)
    torch.testing.assert_close(traced(x), layer(x))


def test_compile(layer):
    x = torch.randn(2, 4, 6, 5)
    compiled = torch.compile(layer, backend='eager', fullgraph=True)
    gradients = []
    for run in (compiled, layer):
        out = run(x)
        torch.testing.assert_close(out, layer(x))
        gradients.append(torch.autograd.grad(
            out.square().sum(), layer.parameters()))
    for ours, theirs in zip(*gradients):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('backend, module, remedy', [
    ('torchvision', 'torchvision', r'pip install.*mmseg_ext\[mmpretrain\]'),
    ('mmcv', 'mmcv._ext', r'setup_env\.sh --ops')])
def test_missing_backend_says_what_to_install(
        monkeypatch, backend, module, remedy):
    monkeypatch.setitem(sys.modules, module, None)  # cannot be imported
    tensors, geometry = make()
    with pytest.raises(ImportError, match=f"'{backend}': .*{remedy}"):
        deform_conv2d(**tensors, **geometry, backend=backend)


def test_auto_takes_what_is_installed(monkeypatch):
    tensors, geometry = make()
    monkeypatch.setitem(sys.modules, 'torchvision', None)
    # mmcv-lite with the stand-in of mmseg_ext.compat has no operators
    monkeypatch.setitem(sys.modules, 'mmcv._ext', MissingOps())
    assert available_backends() == ('torch',)
    assert torch.equal(
        deform_conv2d(**tensors, **geometry),
        deform_conv2d(**tensors, **geometry, backend='torch'))


def test_auto_is_plain_on_the_cpu():
    tensors, geometry = make()
    # compiled operators refuse it
    tensors['offset'] = torch.full_like(tensors['offset'], float('nan'))
    assert deform_conv2d(**tensors, **geometry).isnan().any()


@pytest.mark.parametrize('change, message', [
    (dict(input=(4, 7, 6)), r'input of shape \(4, 7, 6\): must have 4'),
    (dict(weight=(6, 3, 3, 3)), r'weight of shape \(6, 3, 3, 3\).*divide the '
     '4 channels'),
    (dict(weight=(3, 2, 3, 3)), r'weight of shape \(3, 2, 3, 3\).*groups'),
    (dict(weight=(6, 4, 8, 3)), r'7 x 6 pixels.*kernel of 8 x 3'),
    (dict(offset=(2, 9, 5, 4)), 'offset has 9 channels: must be 2 . 9 taps'),
    (dict(offset=(2, 54, 5, 4)), 'offset has 54 channels.*4 channels'),
    (dict(offset=(2, 18, 7, 6)),
     r'offset of shape \(2, 18, 7, 6\): must be of shape \(2, 18, 5, 4\)'),
    (dict(mask=(2, 18, 5, 4)), r'mask of shape.*\(2, 9, 5, 4\)'),
    (dict(bias=(4,)), r'bias of shape \(4,\): must be of shape \(6,\)')])
def test_shapes_that_do_not_fit(change, message):
    tensors, geometry = make()
    tensors |= {name: torch.zeros(shape) for name, shape in change.items()}
    with pytest.raises(ValueError, match=message):
        deform_conv2d(**tensors, **geometry)


@pytest.mark.parametrize('change', [
    dict(stride=0), dict(padding=-1), dict(dilation=(1, 0)),
    dict(stride=(1, 1, 1)), dict(padding='same'), dict(stride=1.5)])
def test_bad_geometry(change):
    tensors, geometry = make()
    name, = change
    with pytest.raises(ValueError, match=f'{name}=.*: must be an int of at'):
        deform_conv2d(**tensors, **{**geometry, **change})


def test_bad_backend_and_types():
    tensors, geometry = make()
    with pytest.raises(ValueError, match=r"backend='cuda'.*auto.*torch"):
        deform_conv2d(**tensors, **geometry, backend='cuda')
    tensors['weight'] = tensors['weight'].double()
    with pytest.raises(ValueError, match=r'weight.*float64.*one floating'):
        deform_conv2d(**tensors, **geometry)
    whole = {name: x.detach().long() for name, x in tensors.items()}
    with pytest.raises(ValueError, match=r'int64.*one floating'):
        deform_conv2d(**whole, **geometry)
