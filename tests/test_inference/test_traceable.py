"""Layers for exporters against those of mmseg that they stand for."""
import copy

import pytest
import torch
from mmseg.models.backbones.swin import SwinTransformer
from mmseg.models.utils.embed import AdaptivePadding

from mmseg_ext.inference._traceable import make_traceable, padding_to


def test_swin_computes_the_same():
    torch.manual_seed(0)
    net = SwinTransformer(
        embed_dims=8, depths=(2, 2), num_heads=(1, 2), strides=(4, 2),
        out_indices=(0, 1), mlp_ratio=2)
    net.eval()  # which mmseg's returns nothing from
    for name, values in net.named_parameters():
        if 'bias' in name:  # of relative positions, too: they start as 0
            torch.nn.init.normal_(values, std=0.3)
    twin = copy.deepcopy(net)
    make_traceable(twin)
    changed = {type(module).__name__ for module in twin.modules()}
    assert {'_TraceableWindowAttention', '_TraceablePadding'} <= changed
    # one window, whole ones, a rest in each direction and in patches
    for shape in ((1, 3, 28, 28), (2, 3, 56, 112), (2, 3, 81, 134)):
        image = torch.randn(shape)
        with torch.no_grad():
            for found, expected in zip(twin(image), net(image)):
                torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize('size', [(16, 24), (15, 17), (1, 8)])
def test_patches_are_padded_the_same(size):
    net = AdaptivePadding(kernel_size=(8, 4), stride=(8, 4))
    image = torch.rand(1, 2, *size)
    expected = net(image)
    make_traceable(net)
    assert type(net) is not AdaptivePadding
    assert torch.equal(net(image), expected)


def test_other_padding_stays():
    net = AdaptivePadding(kernel_size=3, stride=2)
    make_traceable(net)
    assert type(net) is AdaptivePadding


def test_padding_to():
    assert [padding_to(n, 7) for n in (1, 6, 7, 8, 14)] == [6, 1, 0, 6, 0]
