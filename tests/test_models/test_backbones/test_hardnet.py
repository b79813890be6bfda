"""HarDNet: the published sizes, and any size of image."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from model_tests import ModelTests

from mmseg_ext.models.backbones.hardnet import HarDNet

# three stages, strides 4, 8, 16
TINY = dict(
    stem=[4, 4, 6, 6], channels=[8, 8, 12], growth=[4, 4, 6],
    layers=[2, 4, 4], down=[0, 1])
TINY_DS = dict(TINY, stem=[4, 6], pool='depthwise', depthwise=True,
               act='ReLU6', maps_of_blocks=False)


class TestHarDNet(ModelTests):

    def build(self):
        return HarDNet(TINY)

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        # the stem rounds up, the pools down
        grids = [tuple(-(-side // 4) // 2**i for side in size)
                 for i in range(3)]
        # layers 1 and 2: 4 + 6; 1, 3 and 4: 4 + 4 + 12; then the last 1x1
        return [(batch, c, *grid) for c, grid in zip((10, 20, 12), grids)]

    def one_stage(self):
        return HarDNet(TINY, out_indices=(0, )), self.inputs(2, (64, 96))


class TestDepthwise(TestHarDNet):

    def build(self):
        return HarDNet(TINY_DS)

    def shapes(self, batch, size):
        grids = [tuple(-(-side // 2**i) for side in size) for i in (2, 3, 4)]
        return [(batch, c, *grid) for c, grid in zip((8, 8, 12), grids)]

    def one_stage(self):
        return HarDNet(TINY_DS, out_indices=(1, )), self.inputs(2, (64, 96))

    test_bfloat16_throughout = None  # as above
    test_compiles_for_training = None


def parameters(module) -> int:
    return sum(p.numel() for p in module.parameters())


# millions with the ImageNet classifier, as the authors print them; channels
# of the maps
FAMILY = {
    '39ds': (3.5, (96, 320, 640, 1024)),
    '68': (17.6, (128, 320, 640, 1024)),
    '85': (36.7, (192, 320, 720, 1280)),
}


@pytest.mark.parametrize('arch', FAMILY)
def test_classification_family(arch):
    millions, channels = FAMILY[arch]
    with torch.device('meta'):
        net = HarDNet(arch).eval()
        maps = net(torch.zeros(1, 3, 64, 96))
    classifier = (channels[-1] + 1) * 1000
    assert round((parameters(net) + classifier) / 1e6, 1) == millions
    assert net.out_channels == channels
    assert [tuple(x.shape) for x in maps] == [
        (1, c, 64 // stride, 96 // stride)
        for c, stride in zip(channels, (4, 8, 16, 32))]
    assert net.least_size == 32
    kinds = {type(m).__name__ for m in net.modules()}
    assert 'ReLU6' in kinds and 'ReLU' not in kinds
    assert ('MaxPool2d' in kinds) == (arch != '39ds')


def test_70_seg():
    with torch.device('meta'):
        net = HarDNet().eval()
        maps = net(torch.zeros(1, 3, 250, 250))
    assert [block.out_channels for block in net.blocks] == [
        48, 78, 160, 214, 286]
    assert net.out_channels == (48, 78, 160, 214, 320)
    assert [tuple(x.shape[1:]) for x in maps] == [
        (48, 63, 63), (78, 31, 31), (160, 15, 15), (214, 7, 7), (320, 3, 3)]
    assert {type(m).__name__ for m in net.modules()} >= {'ReLU', 'AvgPool2d'}


@pytest.mark.parametrize('width', [0.1, 0.3, 0.75, 1.5])
def test_any_width_has_even_channels(width):
    with torch.device('meta'):
        net = HarDNet(width=width)
        net.eval()(torch.zeros(1, 3, 64, 64))
    assert all(c % 2 == 0 and c > 0 for c in net.out_channels)


def test_what_is_not_asked_for_is_not_built():
    with torch.device('meta'):
        net = HarDNet(out_indices=(1, 2))
        maps = net(torch.zeros(2, 3, 64, 64))
    assert [x.shape[1] for x in maps] == [78, 160] == [*net.out_channels]
    assert (len(net.blocks), len(net.transitions), len(net.downs)) == (
        3, 2, 2)
    assert net.least_size == 16


def test_least_size_is_named():
    with pytest.raises(ValueError, match=r'250 x 63 pixels; the least is 64 '
                       r'x 64.*size_divisor=64'):
        HarDNet()(torch.zeros(1, 3, 250, 63))


@pytest.mark.parametrize('kind', ['UNetDecodeHead', 'FCNHead', 'UPerHead'])
def test_other_heads_fit(kind):
    init_default_scope('mmseg')
    net = HarDNet(TINY).eval()
    channels = [*net.out_channels]
    kwargs = dict(
        UNetDecodeHead=dict(in_channels=channels, decoder_channels=[8, 8]),
        FCNHead=dict(in_channels=channels[-1], channels=4),
        UPerHead=dict(in_channels=channels, in_index=[0, 1, 2], channels=4)
    )[kind]
    head = MODELS.build(dict(
        type=kind, num_classes=3, align_corners=False, **kwargs)).eval()
    assert head(net(torch.zeros(1, 3, 50, 64))).shape[1] == 3


@pytest.mark.parametrize(('kwargs', 'message'), [
    (dict(arch='70'), "arch='70'"),
    (dict(width=0), 'width=0'),
    (dict(out_indices=(5, )), r'out_indices=\(5,\)'),
    (dict(out_indices=(1, 0)), 'rising numbers of stages, 0 to 4'),
    (dict(out_indices=()), r'out_indices=\(\)'),
    (dict(arch=dict(growths=[1])), "field of arch='growths'"),
    (dict(arch=dict(TINY, stem=[4, 4, 4])), 'len.stem.=3'),
    (dict(arch=dict(TINY, pool='min')), "pool='min'"),
    (dict(arch=dict(TINY, layers=[2, 4])), 'one number for each block'),
    (dict(arch=dict(TINY, growth=[4, 0, 4])), r'growth=\(4, 0, 4\)'),
    (dict(arch=dict(TINY, down=[2])), r'down=\(2,\): .*from 0 to 1'),
])
def test_bad_arguments_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        HarDNet(**kwargs)
