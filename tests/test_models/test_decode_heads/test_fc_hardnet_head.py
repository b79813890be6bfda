"""FC-HarDNet's decoder written out, and the whole network's sizes."""
import pytest
import torch
import torch.nn.functional as F
from mmengine.analysis import FlopAnalyzer
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from model_tests import ModelTests, grids, pyramid, randomised

from mmseg_ext.engine.model_cost import PixelLogits
from mmseg_ext.models.decode_heads.fc_hardnet_head import FCHarDNetHead

TINY = dict(
    stem=[4, 4, 6, 6], channels=[8, 8, 12], growth=[4, 4, 6],
    layers=[2, 4, 4], down=[0, 1])
CHANNELS = [10, 20, 12]  # of its maps


class TestFCHarDNetHead(ModelTests):

    def build(self):
        return FCHarDNetHead(arch=TINY, num_classes=3)

    def inputs(self, batch, size):
        return pyramid(CHANNELS, batch, size)

    def shapes(self, batch, size):
        return [(batch, 3, *grids(1, size)[0])]

    def test_one_stage(self):
        with pytest.raises(ValueError, match='FCNHead'):
            FCHarDNetHead([10], arch=TINY, num_classes=3)


def build(num_classes: int = 3, **kwargs):
    init_default_scope('mmseg')
    return MODELS.build(dict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor'),
        backbone=dict(type='HarDNet', **kwargs),
        decode_head=dict(
            type='FCHarDNetHead', num_classes=num_classes, **kwargs),
        test_cfg=dict(mode='whole')))


def parameters(module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(('classes', 'width', 'count'), [
    (19, 1.0, 4_119_257), (3, 1.0, 4_118_473), (2, 1.0, 4_118_424),
    (3, 0.5, 1_038_269)])
def test_parameters_of_fc_hardnet_70(classes, width, count):
    with torch.device('meta'):
        assert parameters(build(classes, width=width)) == count


def test_operations_of_fc_hardnet_70():
    model = build(19).eval()
    analyzer = FlopAnalyzer(PixelLogits(model), torch.zeros(1, 3, 64, 64))
    analyzer.unsupported_ops_warnings(False)
    with torch.no_grad():
        convolutions = analyzer.by_operator()['conv']
    # all sides are multiples of 64: so many times the positions
    assert round(convolutions * 16 / 1e9, 2) == 1.10  # 256 x 256
    assert round(convolutions * 16 * 32 / 1e9, 1) == 35.2  # 1024 x 2048
    assert [block.out_channels for block in model.decode_head.blocks] == [
        214, 160, 78, 48]


def test_equals_the_decoder_written_out():
    torch.manual_seed(0)
    head = randomised(FCHarDNetHead(
        arch=TINY, num_classes=3)).double().eval()
    # sizes of which none is twice the next
    maps = [torch.randn(2, c, *size, dtype=torch.float64)
            for c, size in zip(CHANNELS, [(15, 13), (7, 6), (3, 3)])]
    fine, middle, x = maps
    for i, skip in enumerate((middle, fine)):
        x = F.interpolate(x, skip.shape[2:], mode='bilinear',
                          align_corners=True)
        x = torch.cat([x, skip], 1)
        channels = x.shape[1]
        x = head.reductions[i](x)
        assert x.shape[1] == channels // 2
        x = head.blocks[i](x)
    expected = F.conv2d(x, head.conv_seg.weight, head.conv_seg.bias)
    assert expected.shape == (2, 3, 15, 13)
    torch.testing.assert_close(head(maps), expected)


def test_trains_and_predicts_at_odd_sizes():
    torch.manual_seed(0)
    model = build(arch=TINY)
    x = torch.randn(1, 3, 50, 41)
    truth = PixelData(data=torch.randint(0, 3, (1, 50, 41)))
    losses = model.loss(x, [SegDataSample(gt_sem_seg=truth)])
    model.parse_losses(losses)[0].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name
    meta = dict(ori_shape=(50, 41), img_shape=(50, 41), pad_shape=(50, 41))
    with torch.no_grad():
        logits = model.eval().encode_decode(x, [meta])
        small = model.decode_head(model.extract_feat(x))
    assert small.shape == (1, 3, 13, 11)
    torch.testing.assert_close(logits, F.interpolate(
        small, (50, 41), mode='bilinear', align_corners=True))


def test_full_size_at_250():
    model = build(width=0.25).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 250, 250)).shape == (1, 3, 63, 63)


def test_other_backbones_and_archs():
    head = FCHarDNetHead([4, 8, 16], num_classes=3, in_index=(0, 1, 3))
    maps = pyramid([4, 8, 5, 16], 2, (64, 64))
    assert head(maps).shape == (2, 3, 16, 16)
    with torch.device('meta'):
        head = FCHarDNetHead(arch='39ds', num_classes=3)
        maps = pyramid([96, 320, 640, 1024], 2, (64, 64))
        assert head(maps).shape == (2, 3, 16, 16)
        assert head.align_corners


@pytest.mark.parametrize(('kwargs', 'message'), [
    (dict(channels=9), 'channels=9 contradicts .*set it to 10'),
    (dict(in_channels=[1] * 5), 'sizes for 3 skips, not for 4'),
    (dict(in_channels=[1, 0]), r'in_channels=\[1, 0\]'),
    (dict(arch='7'), "arch='7'"),
])
def test_bad_arguments_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        FCHarDNetHead(**{'arch': TINY, 'num_classes': 3, **kwargs})


@pytest.mark.parametrize(('channels', 'message'), [
    (CHANNELS[:2], r'returned 2 maps.*in_index=\[0, 1, 2\]'),
    ([10, 21, 12], r'\[10, 21, 12\].*\[10, 20, 12\]: give both the same'),
])
def test_wrong_backbone_is_named(channels, message):
    head = FCHarDNetHead(arch=TINY, num_classes=3)
    with pytest.raises(ValueError, match=message):
        head(pyramid(channels, 2, (64, 64)))
