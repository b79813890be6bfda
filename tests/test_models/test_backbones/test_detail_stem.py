"""A stem beside a backbone: maps of strides 1 and 2, and the others."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from model_tests import ModelTests, evaluate, grids

from mmseg_ext.models import DetailStem

MIT = dict(type='FusedMixVisionTransformer', embed_dims=4,
           num_heads=[1, 1, 1, 1], num_layers=[1, 1, 1, 1])


class TestDetailStem(ModelTests):

    def build(self):
        net = DetailStem(MIT, (3, 5))
        net.init_weights()
        return net

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        maps = zip((3, 5, 4, 4, 4, 4), grids(6, size, 1))
        return [(batch, channels, *grid) for channels, grid in maps]

    def one_stage(self):
        net = DetailStem(
            dict(type='ResNet', depth=18, base_channels=4, num_stages=1,
                 strides=(1, ), dilations=(1, ), out_indices=(0, )),
            (3, ), (2, ))
        inputs = torch.randn(2, 3, 64, 96)
        assert len(net(inputs)) == 2
        net.backbone.requires_grad_(False)
        return _First(net), inputs


class _First(torch.nn.Module):
    """The stem's map alone."""

    def __init__(self, net):
        super().__init__()
        self.stem = net.stem

    def forward(self, x):
        return self.stem[0](x)


def test_the_backbone_is_as_without_a_stem():
    init_default_scope('mmseg')
    torch.manual_seed(0)
    net = DetailStem(MIT)
    alone = MODELS.build(MIT)
    alone.load_state_dict(net.backbone.state_dict())
    image = torch.randn(1, 3, 49, 70)
    outs = evaluate(net, image)
    torch.testing.assert_close(outs[2:], evaluate(alone, image))
    assert [tuple(out.shape[2:]) for out in outs[:2]] == [(49, 70), (25, 35)]


def test_the_checkpoint_is_the_backbones():
    net = DetailStem(dict(type='ResNet', depth=18), pretrained='a.pth')
    assert net.backbone.init_cfg == dict(
        type='Pretrained', checkpoint='a.pth')


def test_bad_arguments():
    with pytest.raises(ValueError, match='one for each map of the stem'):
        DetailStem(MIT, ())
    with pytest.raises(ValueError, match='one for each of channels'):
        DetailStem(MIT, (3, 5), (1, ))
