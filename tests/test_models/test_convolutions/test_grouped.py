"""The grouped convolution against a dense one."""
import pytest
import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from torch import nn

from mmseg_ext.models.convolutions import GroupedConv2d, grouped_conv2d


def test_is_the_dense_convolution_of_a_block_diagonal_kernel():
    torch.manual_seed(0)
    # with ConvModule, which hands on groups=1
    layer = ConvModule(8, 12, 3, padding=1, act_cfg=None,
                       conv_cfg=dict(type='GroupedConv2d')).conv
    dense = torch.zeros(12, 8, 3, 3)
    for group in range(4):
        rows = slice(3 * group, 3 * group + 3)
        dense[rows, 2 * group:2 * group + 2] = layer.weight[rows]
    x = torch.randn(2, 8, 6, 7)
    torch.testing.assert_close(
        layer(x), F.conv2d(x, dense, layer.bias, padding=1))
    assert 4 * layer.weight.numel() == dense.numel()


@pytest.mark.parametrize(('channels', 'options', 'groups'), [
    ((16, 24), {}, 4), ((16, 24), dict(num_groups=8), 8),
    ((10, 24), {}, 2), ((12, 18), dict(num_groups=12), 6)])
def test_groups_divide_both_channel_counts(channels, options, groups):
    layer = grouped_conv2d(*channels, 3, **options)
    assert isinstance(layer, GroupedConv2d)
    assert layer.groups == groups


@pytest.mark.parametrize(('channels', 'options'), [
    ((16, 24), dict(kernel_size=1)), ((9, 16), {}), ((4, 16), {}),
    ((16, 24), dict(groups=2)), ((16, 24), dict(num_groups=1))], ids=str)
def test_what_stays_plain(channels, options):
    layer = grouped_conv2d(*channels, **{'kernel_size': 3, **options})
    assert type(layer) is nn.Conv2d
    assert layer.groups == options.get('groups', 1)


def test_wrong_arguments():
    with pytest.raises(ValueError, match='num_groups=0: must be at least 1'):
        grouped_conv2d(8, 8, 3, num_groups=0)
