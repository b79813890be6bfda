"""The separable convolution against plain ones."""
from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, build_conv_layer
from mmengine.model import initialize
from model_tests import ModelTests
from torch import nn

from mmseg_ext.models.convolutions import SeparableConv2d, separable_conv2d

CONV = dict(type='SeparableConv2d')


class TestSeparableConv2d(ModelTests):

    def build(self):
        return SeparableConv2d(8, 12, 3, stride=2, padding=1, mid_norm=True)

    def inputs(self, batch, size):
        return torch.randn(batch, 8, *size)

    def shapes(self, batch, size):
        return [(batch, 12, *(-(-side // 2) for side in size))]

    test_one_stage = None


def weights(layer: nn.Module) -> int:
    return sum(weight.numel() for weight in layer.parameters())


def test_fraction_of_the_weights():
    dense, pair = (build_conv_layer(conv, 64, 128, 3, bias=False)
                   for conv in (None, CONV))
    assert (weights(pair), weights(dense)) == (8_768, 73_728)
    assert weights(pair) / weights(dense) == pytest.approx(
        1 / 128 + 1 / 9) == pytest.approx(0.118924, abs=1e-6)


@pytest.mark.parametrize('options', [
    {}, dict(stride=2), dict(padding=2, dilation=2),
    dict(padding=1, padding_mode='reflect'), dict(padding='same')], ids=str)
def test_is_the_dense_convolution_of_products(options):
    torch.manual_seed(0)
    layer = SeparableConv2d(8, 5, 3, **options).double()
    dense = nn.Conv2d(8, 5, 3, **options).double()
    dense.weight.data = layer.pointwise.weight * layer.depthwise.weight[:, 0]
    dense.bias.data = nn.init.normal_(layer.pointwise.bias).data
    x = torch.randn(2, 8, 9, 11, dtype=torch.double)
    torch.testing.assert_close(layer(x), dense(x))
    for name in ('in_channels', 'out_channels', 'kernel_size', 'stride',
                 'padding', 'dilation', 'transposed', 'output_padding',
                 'groups', 'padding_mode'):
        assert getattr(layer, name) == getattr(dense, name), name


def test_of_delta_kernels_is_the_pointwise_convolution():
    layer = SeparableConv2d(8, 5, 3, padding=1)
    nn.init.zeros_(layer.depthwise.weight)
    layer.depthwise.weight.data[:, :, 1, 1] = 1
    x = torch.randn(2, 8, 6, 7)
    torch.testing.assert_close(
        layer(x), F.conv2d(x, layer.pointwise.weight, layer.pointwise.bias))


@pytest.mark.parametrize(('channels', 'options'), [
    (64, dict(kernel_size=1)), (64, dict(kernel_size=3, groups=2)),
    (7, dict(kernel_size=3)),
    (15, dict(kernel_size=3, min_channels=16))], ids=str)
def test_what_stays_plain(channels, options):
    layer = separable_conv2d(channels, 64, **options)
    assert type(layer) is nn.Conv2d
    assert layer.groups == options.get('groups', 1)


def test_wrong_arguments():
    with pytest.raises(ValueError, match='min_channels=0: must be at least'):
        separable_conv2d(8, 8, 3, min_channels=0)


@pytest.mark.parametrize('start', [
    lambda module: module,  # as ConvModule leaves it
    lambda module: initialize(module, dict(type='Kaiming', layer='Conv2d')),
    lambda module: module.conv.init_weights()],
    ids=['ConvModule', 'init_cfg', 'init_weights'])
def test_starts_like_a_dense_one_of_kaiming(start):
    torch.manual_seed(0)
    module = ConvModule(64, 128, 3, conv_cfg=CONV)
    start(module)
    pair = module.conv
    kernels = pair.pointwise.weight * pair.depthwise.weight[:, 0]
    dense = ConvModule(64, 128, 3).conv.weight
    expected = (2 / (9 * 128))**0.5
    assert kernels.std().item() == pytest.approx(expected, rel=0.05)
    assert dense.std().item() == pytest.approx(expected, rel=0.05)
    assert not pair.pointwise.bias.any()


def test_weights_go_to_another_and_plain_ones_take_a_plain_layers():
    module = ConvModule(8, 16, 3, conv_cfg=CONV, norm_cfg=dict(type='BN'))
    other = deepcopy(module)
    other.conv.init_weights()
    other.load_state_dict(module.state_dict())
    x = torch.randn(2, 8, 5, 5)
    assert torch.equal(module.eval()(x), other.eval()(x))
    ConvModule(8, 16, 1, conv_cfg=CONV).load_state_dict(
        ConvModule(8, 16, 1).state_dict())
