"""ResUNet against its units written out, and inside a segmentor."""
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from model_tests import ModelTests, grids, randomised

from mmseg_ext.models.backbones.resunet import ResidualUnit, ResUNet


class TestResUNet(ModelTests):

    def build(self):
        return ResUNet(channels=(4, 8, 12))

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        maps = zip((4, 8, 12), grids(3, size, stride=1))
        return [(batch, c, *grid) for c, grid in maps][::-1]

    def test_one_stage(self):
        with pytest.raises(ValueError, match='2 or more'):
            ResUNet(channels=(4, ))


def parameters(module) -> int:
    return sum(p.numel() for p in module.parameters())


def norm_relu(x, state: dict, prefix: str):
    if f'{prefix}.bn.weight' in state:
        names = 'running_mean', 'running_var', 'weight', 'bias'
        mean, variance, weight, bias = (
            state[f'{prefix}.bn.{name}'].view(-1, 1, 1) for name in names)
        x = (x - mean) / (variance + 1e-5).sqrt() * weight + bias
    return x.clamp(min=0)


def unit(x, state: dict, prefix: str, stride: int = 1, first: bool = False):
    """conv(relu(norm(conv(relu(norm(x)))))) + shortcut(x)."""
    out = x if first else norm_relu(x, state, f'{prefix}.conv1')
    out = F.conv2d(out, state[f'{prefix}.conv1.conv.weight'],
                   state.get(f'{prefix}.conv1.conv.bias'), stride, padding=1)
    out = norm_relu(out, state, f'{prefix}.conv2')
    out = F.conv2d(out, state[f'{prefix}.conv2.conv.weight'],
                   state.get(f'{prefix}.conv2.conv.bias'), padding=1)
    if f'{prefix}.shortcut.weight' in state:
        x = F.conv2d(x, state[f'{prefix}.shortcut.weight'], stride=stride)
    return out + x


def written_out(x, state: dict) -> list:
    """Three levels: two of the encoder, the bridge, two of the decoder."""
    fine = unit(x, state, 'encoder.0', first=True)
    middle = unit(fine, state, 'encoder.1', stride=2)
    bridge = unit(middle, state, 'encoder.2', stride=2)
    outs = [bridge]
    for i, skip in enumerate((middle, fine)):
        up = F.interpolate(outs[-1], skip.shape[2:], mode='bilinear')
        outs.append(unit(torch.cat([up, skip], 1), state, f'decoder.{i}'))
    return outs


@pytest.mark.parametrize('norm_cfg', [dict(type='BN'), None])
@pytest.mark.parametrize('size', [(16, 24), (13, 7)])
def test_equals_the_network_written_out(norm_cfg, size):
    model = randomised(
        ResUNet(channels=(4, 6, 8), norm_cfg=norm_cfg)).double().eval()
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    expected = written_out(x, model.state_dict())
    for out, wanted in zip(model(x), expected, strict=True):
        torch.testing.assert_close(out, wanted)


@pytest.mark.parametrize('stride', [1, 2])
def test_unit_without_its_convolutions_is_its_shortcut(stride):
    residual = ResidualUnit(4, 4, stride)
    torch.nn.init.zeros_(residual.conv2.conv.weight)
    x = torch.randn(2, 4, 9, 9)
    assert isinstance(residual.shortcut, torch.nn.Identity) == (stride == 1)
    torch.testing.assert_close(residual(x), residual.shortcut(x))


def test_images_of_a_few_pixels():
    with torch.no_grad():
        outs = ResUNet(channels=(4, 8, 16)).eval()(torch.randn(1, 3, 3, 1))
    assert [tuple(out.shape[2:]) for out in outs] == [(1, 1), (2, 1), (3, 1)]


@pytest.mark.parametrize(('channels', 'count'), [
    ((64, 128, 256, 512), 8_216_704),
    ((16, 32, 64, 128), 515_104),
])
def test_parameters(channels, count):
    # Convolutions, shortcuts and norms, level by level
    norm = 2
    expected = 0
    inputs, first = 3, True
    for c in channels:
        expected += 9 * inputs * c + 9 * c * c + inputs * c + norm * c
        expected += 0 if first else norm * inputs
        inputs, first = c, False
    for fine, coarse in pairwise(channels):
        both = fine + coarse
        expected += 9 * both * fine + 9 * fine * fine + both * fine
        expected += norm * both + norm * fine
    assert parameters(ResUNet(channels=channels)) == expected == count


def test_grey_images():
    assert ResUNet(1, (4, 8))(torch.randn(2, 1, 9, 9))[-1].shape[1] == 4


def test_init_weights_reaches_the_shortcuts():
    # ConvModule initialises itself; a bare convolution does so otherwise.
    model = ResUNet(channels=(64, 128))
    model.init_weights()
    weight = model.encoder[1].shortcut.weight
    assert weight.std().item() == pytest.approx((2 / 128)**0.5, rel=0.05)


def test_norm_eval_keeps_the_statistics():
    model = ResUNet(channels=(4, 8), norm_eval=True)
    assert model.train() is model
    before = [b.clone() for b in model.buffers()]
    model(torch.randn(2, 3, 8, 8))
    assert model.training
    assert all(torch.equal(a, b) for a, b in zip(before, model.buffers()))
    model = ResUNet(channels=(4, 8))
    assert model.eval().train() is model
    assert all(m.training for m in model.modules())


def test_trains_under_mmsegs_fcn_head():
    init_default_scope('mmseg')
    model = MODELS.build(
        dict(
            type='EncoderDecoder',
            data_preprocessor=dict(type='SegDataPreProcessor'),
            backbone=dict(type='ResUNet', channels=(8, 16, 32)),
            decode_head=dict(
                type='FCNHead',
                in_channels=8,
                in_index=-1,
                channels=8,
                num_convs=1,
                concat_input=False,
                dropout_ratio=0,
                num_classes=3,
                norm_cfg=dict(type='BN')))).train()
    size = (97, 64)
    truth = PixelData(data=torch.randint(0, 3, (1, *size)))
    losses = model.loss(
        torch.randn(1, 3, *size), [SegDataSample(gt_sem_seg=truth)])
    model.parse_losses(losses)[0].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize('channels', [(64, ), (), 64, (64, 0), (64, 1.5)])
def test_bad_channels_are_named(channels):
    with pytest.raises(ValueError, match='2 or more positive integers'):
        ResUNet(channels=channels)
