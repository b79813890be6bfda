"""The plugin layer against its formula, and in mmseg's own ResNet."""
import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from model_tests import ModelTests

from mmseg_ext.models.plugins.deformable_psa import DeformablePSA
from mmseg_ext.ops.deform_conv import deform_conv2d

OPTIONS = [
    dict(),
    dict(ratio=1),
    dict(ratio=4),
    dict(ratio=3),  # c = 5, odd
    dict(ratio=16),  # c = 1
    dict(pool='max'),
    dict(product='channel', ratio=1),
    dict(key='identity'),
    dict(residual=True),
    dict(dcn_version=2),
    dict(share_offsets=True),
    dict(dcn_version=2, share_offsets=True, pool='max', residual=True),
]
CHANNELS = 16


class TestDeformablePSA(ModelTests):
    test_one_stage = None  # a layer has none

    def build(self):
        return DeformablePSA(CHANNELS)

    def inputs(self, batch, size):
        return torch.randn(batch, CHANNELS, size[0] // 8, size[1] // 8)

    def shapes(self, batch, size):
        return [(batch, CHANNELS, size[0] // 8, size[1] // 8)]


def layer(**kwargs) -> DeformablePSA:
    return DeformablePSA(CHANNELS, **kwargs).double()


def image(*size, batch=2, channels=CHANNELS, dtype=torch.float64):
    return torch.randn(batch, channels, *(size or (7, 6)), dtype=dtype)


def randomise(module) -> None:
    """Offsets of a pixel or so, and weights without structure."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.2)


def formula(block, x, convolve):
    """The specification, sample by sample; ``convolve(name, map)``."""
    outs = []
    for sample in x.split(1):
        slices = F.conv2d(sample, block.project.weight, block.project.bias)
        value = slices[:, -block.channels:]
        query = slices[:, -2 * block.channels:-block.channels]
        key = sample
        if block.key == 'conv':
            key = slices[:, :CHANNELS]
        query = convolve('query', query, value)
        value = convolve('value', value, query)
        numbers = [
            channel.mean() if block.pool == 'avg' else channel.max()
            for channel in query[0]
        ]
        weight = torch.stack(numbers).exp()
        weight = weight / weight.sum()
        maps = [weight[i] * value[:, i:i + 1] for i in range(block.channels)]
        if block.product == 'matmul':
            logit = sum(maps)
        else:
            logit = torch.cat(maps, dim=1)
        factor = 2 if block.identity_init and not block.residual else 1
        out = key * factor / (1 + torch.exp(-logit))
        outs.append(out + sample if block.residual else out)
    return torch.cat(outs)


@pytest.mark.parametrize('identity_init', [True, False])
@pytest.mark.parametrize('kwargs', [
    dict(),
    dict(pool='max', ratio=3),
    dict(product='channel', ratio=1),
    dict(key='identity'),
    dict(residual=True),
])
def test_zero_offsets_equal_plain_convolutions(kwargs, identity_init):
    block = layer(identity_init=identity_init, **kwargs)
    torch.nn.init.normal_(block.value_weight)
    torch.nn.init.normal_(block.query_weight)
    x = image()

    def plain(name, x, _):
        weight = getattr(block, f'{name}_weight')
        return F.conv2d(x, weight, padding=1)

    torch.testing.assert_close(block(x), formula(block, x, plain))


def test_version_2_starts_at_half_of_the_convolution():
    block = layer(dcn_version=2, identity_init=False)
    x = image()

    def half(name, x, _):
        weight = getattr(block, f'{name}_weight')
        return 0.5 * F.conv2d(x, weight, padding=1)

    torch.testing.assert_close(block(x), formula(block, x, half))


@pytest.mark.parametrize('version', [1, 2])
def test_equals_the_formula_with_offsets(version):
    block = layer(dcn_version=version)
    randomise(block)

    def deformable(name, x, _):
        conv = getattr(block, f'{name}_conv_offset')
        field = F.conv2d(x, conv.weight, conv.bias, padding=1)
        mask = field[:, 18:].sigmoid() if version == 2 else None
        return deform_conv2d(x, field[:, :18],
                             getattr(block, f'{name}_weight'), mask=mask,
                             padding=1)

    x = image()
    assert block.attention(x).value_offset.abs().max() > 0.5
    torch.testing.assert_close(block(x), formula(block, x, deformable))


def test_shared_offsets_see_query_and_value():
    block = layer(share_offsets=True)
    randomise(block)
    x = image()
    parts = block.attention(x)
    assert parts.query_offset is parts.value_offset
    expected = block.conv_offset(block.project(x)[:, CHANNELS:])
    torch.testing.assert_close(parts.query_offset, expected)


@pytest.mark.parametrize('kwargs', OPTIONS, ids=str)
def test_identity_at_the_start(kwargs):
    block = DeformablePSA(CHANNELS, **kwargs)
    x = image(dtype=torch.float32)
    torch.testing.assert_close(block(x), x, atol=1e-6, rtol=1e-6)


# but of c = 1: its softmax is 1, whatever the query
@pytest.mark.parametrize(
    'kwargs', [x for x in OPTIONS if x.get('ratio') != 16], ids=str)
def test_every_parameter_learns_after_the_first_step(kwargs):
    block = layer(**kwargs)
    x, target = image(), image()
    optimizer = torch.optim.SGD(block.parameters(), lr=1.0)
    for _ in range(3):
        optimizer.zero_grad()
        F.mse_loss(block(x), target).backward()
        optimizer.step()
    gradients = {name: p.grad for name, p in block.named_parameters()}
    slices = gradients.pop('project.weight').split(block.splits)
    gradients.update(zip(('key', 'query', 'value'), slices))
    for name, gradient in gradients.items():
        if gradient.numel():  # key='identity' has no key slice
            assert gradient.abs().max() > 1e-9, name
    assert (block(x) - x).abs().max() > 1e-2


def test_first_gradient_is_where_the_comment_says():
    block = layer()
    x = image()
    (block(x) * image()).sum().backward()
    key, query, value = block.project.weight.grad.split(block.splits)
    for grad in (key, block.query_weight.grad, block.value_weight.grad):
        assert grad.abs().max() > 1e-4
    for grad in (query, value, block.query_conv_offset.weight.grad,
                 block.value_conv_offset.weight.grad):
        assert grad.abs().max() < 1e-12


def test_value_channels_learn_to_differ():
    # From values of zero they would be multiples of one another: rank 1.
    block = layer()
    x, target = image(), image()
    optimizer = torch.optim.SGD(block.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        F.mse_loss(block(x), target).backward()
        optimizer.step()
    singular = torch.linalg.svdvals(block.value_weight.flatten(1))
    assert singular[1] > 0.1 * singular[0]


def test_literal_formula_halves_the_key():
    x = image()
    parts = layer(identity_init=False).attention(x)
    assert (parts.map - 0.5).abs().max() < 0.2
    assert parts.map.std() > 0


@pytest.mark.parametrize('kwargs', [
    dict(dcn_version=1),
    dict(dcn_version=2, share_offsets=True),
    dict(product='channel', ratio=1),
])
def test_gradcheck(kwargs):
    block = DeformablePSA(3, **{'ratio': 1, **kwargs}).double()
    randomise(block)
    x = image(3, 3, batch=1, channels=3).requires_grad_()
    parameters = dict(block.named_parameters())

    def run(x, *values):
        return torch.func.functional_call(
            block, dict(zip(parameters, values)), x)

    assert torch.autograd.gradcheck(
        run, (x, *parameters.values()), fast_mode=True)


@pytest.mark.parametrize('kwargs', OPTIONS, ids=str)
def test_bfloat16_autocast(kwargs):
    block = DeformablePSA(CHANNELS, **kwargs)
    x = 10 * image(dtype=torch.float32)
    with torch.autocast('cpu', torch.bfloat16):
        out = block(x)
    torch.testing.assert_close(out.float(), x, atol=0, rtol=0.02)
    out.float().square().mean().backward()
    for name, parameter in block.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name


@pytest.mark.parametrize('size', [(1, 1), (2, 2), (1, 5), (9, 13)])
@pytest.mark.parametrize('backend', ['auto', 'torch'])
def test_any_size_one_image(size, backend):
    block = layer(backend=backend)
    randomise(block)
    out = block(image(*size, batch=1))
    assert out.shape == (1, CHANNELS, *size)
    assert torch.isfinite(out).all()


@pytest.mark.parametrize('kwargs', OPTIONS, ids=str)
def test_backends_agree(kwargs):
    """The exact rewriting of 'auto', and deformable convolutions."""
    blocks = [layer(backend=backend, **kwargs).double()
              for backend in ('auto', 'torch')]
    randomise(blocks[0])
    blocks[1].load_state_dict(blocks[0].state_dict())
    x = image().double()
    outs = [block(x) for block in blocks]
    torch.testing.assert_close(*outs)
    gradient = torch.randn_like(x)
    torch.testing.assert_close(*(
        torch.autograd.grad(out, list(block.parameters()), gradient)
        for out, block in zip(outs, blocks)))


def test_unknown_backend_is_named():
    with pytest.raises(ValueError, match="backend='cudnn'"):
        layer(backend='cudnn')


@pytest.mark.parametrize('kwargs', [
    dict(backend='torch'),
    dict(dcn_version=2, share_offsets=True, pool='max'),
    dict(product='channel', ratio=1),
])
def test_exports_with_other_arguments(kwargs):
    block = layer(**kwargs).eval()
    randomise(block)
    x = image()
    with torch.no_grad():
        exported = torch.export.export(block, (x,)).module()
        torch.testing.assert_close(exported(x), block(x))


def test_attention_is_what_forward_uses():
    block = layer()
    randomise(block)
    x = image()
    parts = block.attention(x)
    assert parts.map.shape == (2, 1, 7, 6)
    assert parts.query_offset.shape == parts.value_offset.shape == (2, 18, 7,
                                                                    6)
    assert not torch.equal(parts.query_offset, parts.value_offset)
    assert ((parts.map > 0) & (parts.map < 2)).all()
    torch.testing.assert_close(block(x), parts.key * parts.map)


def test_state_dict_of_the_default():
    shapes = {
        name: tuple(value.shape)
        for name, value in DeformablePSA(64).state_dict().items()
    }
    assert shapes == {
        'query_weight': (32, 32, 3, 3),
        'value_weight': (32, 32, 3, 3),
        'project.weight': (128, 64, 1, 1),
        'project.bias': (128, ),
        'query_conv_offset.weight': (18, 32, 3, 3),
        'query_conv_offset.bias': (18, ),
        'value_conv_offset.weight': (18, 32, 3, 3),
        'value_conv_offset.bias': (18, ),
    }


@pytest.mark.parametrize('kwargs', OPTIONS, ids=str)
def test_offsets_are_addressed_by_custom_keys(kwargs):
    block = DeformablePSA(CHANNELS, **kwargs)
    optimizer = build_optim_wrapper(
        block,
        dict(
            type='OptimWrapper',
            optimizer=dict(type='SGD', lr=1.0),
            paramwise_cfg=dict(
                custom_keys={'conv_offset': dict(lr_mult=0.1)})))
    slow = {
        id(p)
        for group in optimizer.param_groups if group['lr'] == 0.1
        for p in group['params']
    }
    layers = ['query_conv_offset', 'value_conv_offset']
    if kwargs.get('share_offsets'):
        layers = ['conv_offset']
    assert {
        name
        for name, p in block.named_parameters() if id(p) in slow
    } == {f'{name}.{part}' for name in layers for part in ('weight', 'bias')}


@pytest.mark.parametrize(('kwargs', 'found'), [
    (dict(pool='sum'), "pool='sum'"),
    (dict(product='dot'), "product='dot'"),
    (dict(key=None), 'key=None'),
    (dict(dcn_version=3), 'dcn_version=3'),
    (dict(ratio=0), 'ratio=0'),
    (dict(ratio=17), 'ratio=17.*in_channels=16'),
    (dict(ratio=0.5), 'ratio=0.5'),
    (dict(product='channel'), 'ratio=1, not 2'),
    (dict(residual=True, key='identity'), r'x \* \(1 \+ map\)'),
    (dict(in_channels=0), 'in_channels=0'),
])
def test_bad_arguments_are_named(kwargs, found):
    with pytest.raises(ValueError, match=found):
        DeformablePSA(**{'in_channels': CHANNELS, **kwargs})


@pytest.mark.parametrize('shape', [(2, 8, 4, 4), (16, 4, 4)])
def test_bad_input_is_named(shape):
    with pytest.raises(ValueError, match=r'must be \(B, 16, H, W\)'):
        layer()(torch.randn(*shape).double())


def resnet(plugin=None, stages=(True,) * 4, **kwargs):
    init_default_scope('mmseg')
    plugins = None
    if plugin is not None:
        plugins = [dict(cfg=plugin, stages=stages, position='after_conv2')]
    return MODELS.build(
        dict(
            type='ResNetV1c', depth=50, norm_cfg=dict(type='BN'),
            plugins=plugins, **kwargs))


@pytest.mark.parametrize(('stages', 'millions'), [
    ((True, True, True, True), 32.32),
    ((False, False, True, True), 31.70),
    (None, 23.53),
])
def test_parameters_of_resnet_50(stages, millions):
    with torch.device('meta'):
        net = resnet(stages and dict(type='DeformablePSA'), stages)
    count = sum(p.numel() for p in net.parameters())
    assert round(count / 1e6, 2) == millions


@pytest.mark.parametrize('initialised', [True, False])
def test_resnet_is_unchanged_at_the_start(initialised):
    small = dict(base_channels=8, stem_channels=8)
    plain = resnet(**small)
    net = resnet(dict(type='DeformablePSA'), **small)
    if initialised:
        # mmseg's Kaiming init goes over every Conv2d, the layer's too
        net.init_weights()
    found = net.load_state_dict(plain.state_dict(), strict=False)
    assert not found.unexpected_keys
    assert all('.dpsa.' in key for key in found.missing_keys)
    plain.eval()
    net.eval()
    x = torch.randn(1, 3, 64, 80)
    with torch.no_grad():
        for out, expected in zip(net(x), plain(x)):
            torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)

    net.train()
    before = copy.deepcopy(net.state_dict())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        net(torch.cat([x, -x]))[-1].square().mean().backward()
        optimizer.step()
    name = 'layer2.0.dpsa.value_weight'
    assert not torch.equal(net.state_dict()[name], before[name])
