"""The neck against the paper's equation, and its own variants."""
import math

import pytest
import torch
import torch.nn.functional as F
from model_tests import ModelTests, grids, pyramid

from mmseg_ext.models import MultiScaleCrossAttentionNeck

B0 = [32, 64, 160, 256]
B5 = [64, 128, 320, 512]
SMALL = [4, 8, 6]


class TestMultiScaleCrossAttentionNeck(ModelTests):

    def build(self):
        return MultiScaleCrossAttentionNeck(SMALL)

    def inputs(self, batch, size):
        return pyramid(SMALL, batch, size)

    def shapes(self, batch, size):
        return [(batch, c, *grid)
                for c, grid in zip((8, 16, 6), grids(3, size))]

    def test_one_stage(self):
        with pytest.raises(ValueError, match='2 or more'):
            MultiScaleCrossAttentionNeck([4])


class TestLiteralForm(TestMultiScaleCrossAttentionNeck):

    def build(self):
        return MultiScaleCrossAttentionNeck(
            SMALL, direction='backward', integration='add',
            kv_upsample='bilinear', attention='plain', pre_norm=True,
            out_proj=True)

    def shapes(self, batch, size):
        return [(batch, c, *grid) for c, grid in zip(SMALL, grids(3, size))]


class TestOtherScores(TestMultiScaleCrossAttentionNeck):

    def build(self):
        return MultiScaleCrossAttentionNeck(
            SMALL, num_heads=2, qk_norm=True, distance_bias=2, gate=1e-2)


class TestDetailPasses(TestMultiScaleCrossAttentionNeck):

    def build(self):
        return MultiScaleCrossAttentionNeck(SMALL, queries=[1])

    def shapes(self, batch, size):
        return [(batch, c, *grid)
                for c, grid in zip((4, 16, 6), grids(3, size))]

    def test_one_stage(self):
        for queries in ([], [2], [-1]):
            with pytest.raises(ValueError, match=r'must be some of \[0, 1\]'):
                MultiScaleCrossAttentionNeck(SMALL, queries=queries)


def test_pairs_alone_are_those_of_all():
    """What a query map gets does not depend on the other pairs."""
    both, one = (MultiScaleCrossAttentionNeck(SMALL, queries=queries).double()
                 for queries in (None, [1]))
    one.attentions[0].load_state_dict(both.attentions[1].state_dict())
    inputs = maps()
    expected = both(inputs)
    outs = one(inputs)
    assert outs[0] is inputs[0]
    torch.testing.assert_close(outs[1:], expected[1:])


def maps(channels=SMALL, size=16, batch=2, dtype=torch.float64):
    """Random maps whose grid halves from stage to stage."""
    return [
        torch.randn(batch, c, size >> i, size >> i, dtype=dtype,
                    requires_grad=True) for i, c in enumerate(channels)
    ]


def twins(first: dict, second: dict, channels=SMALL):
    """Two necks with the same weights and different arguments."""
    necks = [
        MultiScaleCrossAttentionNeck(channels, **kwargs).double()
        for kwargs in (first, second)
    ]
    necks[1].load_state_dict(necks[0].state_dict())
    return necks


def assert_equal_in_value_and_gradient(first, second, inputs):
    results = []
    for neck in (first, second):
        outs = neck(inputs)
        loss = sum((out * torch.linspace(-1, 1, out.numel()).double().view(
            out.shape)).sum() for out in outs)
        gradients = torch.autograd.grad(
            loss, [*inputs, *neck.parameters()], allow_unused=True)
        results.append((outs, [g for g in gradients if g is not None]))
    for a, b in zip(*(outs for outs, _ in results)):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)
    for a, b in zip(*(gradients for _, gradients in results)):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def as_written_in_the_paper(neck, inputs, mode: str):
    """F_{i<-j} of the forward direction, straight from the text.

    Up-sample the coarse map, match its channels with a 1x1 convolution, then
    equation 1 with Q_i = W_Q F_i, K_j = W_K F_j, V_j = W_V F_j; concatenate.
    """
    outs = list(inputs)
    for i, block in enumerate(neck.attentions):
        fine, coarse = inputs[i], inputs[i + 1]
        batch, channels, height, width = fine.shape
        kwargs = dict(align_corners=False) if mode == 'bilinear' else {}
        coarse = F.interpolate(coarse, (height, width), mode=mode, **kwargs)
        coarse = F.conv2d(coarse, block.adapt.weight[..., None, None],
                          block.adapt.bias)
        w_k, w_v = block.key_value.weight.chunk(2)
        b_k, b_v = block.key_value.bias.chunk(2)
        q = fine.flatten(2).mT @ block.query.weight.T + block.query.bias
        k = coarse.flatten(2).mT @ w_k.T + b_k
        v = coarse.flatten(2).mT @ w_v.T + b_v
        attention = torch.softmax(q @ k.mT / math.sqrt(channels), dim=-1) @ v
        result = attention.mT.reshape(batch, channels, height, width)
        outs[i] = torch.cat([fine, result], dim=1)
    return outs


@pytest.mark.parametrize('mode', ['nearest', 'bilinear'])
@pytest.mark.parametrize('attention', ['plain', 'fused'])
def test_equals_the_paper(mode, attention):
    neck = MultiScaleCrossAttentionNeck(
        SMALL, kv_upsample=mode, attention=attention).double()
    inputs = maps()
    expected = as_written_in_the_paper(neck, inputs, mode)
    for out, wanted in zip(neck(inputs), expected):
        torch.testing.assert_close(out, wanted)


@pytest.mark.parametrize('direction', ['forward', 'backward'])
@pytest.mark.parametrize('integration', ['concat', 'add'])
def test_nearest_equals_no_upsampling(direction, integration):
    common = dict(direction=direction, integration=integration)
    assert_equal_in_value_and_gradient(
        *twins(common, dict(common, kv_upsample='nearest')), maps())


@pytest.mark.parametrize('direction', ['forward', 'backward'])
@pytest.mark.parametrize('kv_upsample', [None, 'nearest', 'bilinear'])
@pytest.mark.parametrize('num_heads', [1, 2])
def test_fused_equals_plain(direction, kv_upsample, num_heads):
    common = dict(
        direction=direction, kv_upsample=kv_upsample, num_heads=num_heads)
    assert_equal_in_value_and_gradient(
        *twins(dict(common, attention='fused'),
               dict(common, attention='plain')), maps())


def test_bilinear_differs_from_nearest():
    nearest, bilinear = twins(dict(kv_upsample='nearest'),
                              dict(kv_upsample='bilinear'))
    inputs = maps()
    assert not torch.allclose(nearest(inputs)[0], bilinear(inputs)[0])


@pytest.mark.parametrize('kwargs', [
    dict(),
    dict(direction='backward', integration='add'),
    dict(kv_upsample='bilinear', num_heads=2),
    dict(attention='plain', pre_norm=True, out_proj=True),
    dict(num_heads=2, qk_norm=True, distance_bias=1.5, gate=0.1),
])
def test_gradcheck(kwargs):
    neck = MultiScaleCrossAttentionNeck([2, 4], **kwargs).double()
    inputs = maps([2, 4], size=4, batch=1)
    assert torch.autograd.gradcheck(lambda *x: neck(x), inputs)


@pytest.mark.parametrize(
    ('channels', 'direction', 'out_channels', 'millions'), [
        (B5, 'forward', [128, 256, 640, 512], 0.584),
        (B5, 'backward', [64, 256, 640, 1024], 1.360),
        (B0, 'forward', [64, 128, 320, 256], 0.146),
        (B0, 'backward', [32, 128, 320, 512], 0.341),
    ])
def test_channels_and_parameters(channels, direction, out_channels, millions):
    neck = MultiScaleCrossAttentionNeck(channels, direction=direction)
    assert neck.out_channels == out_channels
    parameters = sum(p.numel() for p in neck.parameters())
    assert round(parameters / 1e6, 3) == millions
    outs = neck(maps(channels, size=16, batch=1, dtype=torch.float32))
    assert [out.shape for out in outs] == [
        (1, c, 16 >> i, 16 >> i) for i, c in enumerate(out_channels)
    ]


@pytest.mark.parametrize('direction', ['forward', 'backward'])
def test_add_keeps_the_channels(direction):
    neck = MultiScaleCrossAttentionNeck(
        B0, direction=direction, integration='add')
    assert neck.out_channels == B0


def test_passes_the_unpartnered_map_through():
    inputs = maps()
    forward = MultiScaleCrossAttentionNeck(SMALL).double()
    backward = MultiScaleCrossAttentionNeck(
        SMALL, direction='backward').double()
    assert forward(inputs)[-1] is inputs[-1]
    assert backward(inputs)[0] is inputs[0]


@pytest.mark.parametrize('direction', ['forward', 'backward'])
@pytest.mark.parametrize('kv_upsample', [None, 'nearest', 'bilinear'])
def test_odd_grids(direction, kv_upsample):
    # What MiT returns for a 483 x 517 image, in its last three stages
    grids = [(61, 65), (31, 33), (16, 17)]
    inputs = [torch.randn(1, c, *grid) for c, grid in zip(SMALL, grids)]
    outs = MultiScaleCrossAttentionNeck(
        SMALL, direction=direction, kv_upsample=kv_upsample)(inputs)
    assert [out.shape[2:] for out in outs] == grids


def test_two_stages_are_enough():
    neck = MultiScaleCrossAttentionNeck([4, 8]).double()
    assert neck.out_channels == [8, 8]
    assert len(neck(maps([4, 8]))) == 2


@pytest.mark.parametrize('kwargs', [
    dict(pre_norm=True), dict(out_proj=True), dict(qk_norm=True),
    dict(distance_bias=2), dict(gate=0)])
def test_options_add_parameters_and_run(kwargs):
    plain = MultiScaleCrossAttentionNeck(SMALL)
    neck = MultiScaleCrossAttentionNeck(SMALL, **kwargs)
    assert len(neck.state_dict()) > len(plain.state_dict())
    assert torch.isfinite(neck(maps(dtype=torch.float32))[0]).all()


@pytest.mark.parametrize(('argument', 'value', 'allowed'), [
    ('direction', 'up', "'forward', 'backward'"),
    ('integration', 'sum', "'concat', 'add'"),
    ('kv_upsample', 'bicubic', "'nearest', 'bilinear'"),
    ('attention', 'flash', "'fused', 'plain'"),
    ('distance_bias', 0, 'above 0'),
    ('distance_bias', -1.5, 'above 0'),
    ('num_heads', 3, 'divides'),
    ('num_heads', 0, 'positive'),
    ('num_heads', 1.0, 'integer'),
])
def test_bad_arguments_are_named(argument, value, allowed):
    with pytest.raises(ValueError, match=allowed) as error:
        MultiScaleCrossAttentionNeck(SMALL, **{argument: value})
    assert f'{argument}={value!r}' in str(error.value)


@pytest.mark.parametrize('in_channels', [[64], [], 64, [64, 0], [64, 'a']])
def test_bad_in_channels_are_named(in_channels):
    with pytest.raises(ValueError, match='2 or more positive integers'):
        MultiScaleCrossAttentionNeck(in_channels)


def test_wrong_backbone_is_named():
    neck = MultiScaleCrossAttentionNeck([4, 8, 16]).double()
    with pytest.raises(ValueError, match=r'\[4, 8, 6\].*\[4, 8, 16\]'):
        neck(maps())
