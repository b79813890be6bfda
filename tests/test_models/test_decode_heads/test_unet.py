"""The U-Net decoder written out, and over four kinds of backbones."""
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from model_tests import ModelTests, grids, pyramid, randomised

from mmseg_ext.models.decode_heads.unet import UNetDecodeHead

CHANNELS = [4, 6, 8]
MOBILEVIT = dict(
    type='mmpretrain.MobileViT', arch='xx_small', out_indices=(0, 1, 2, 3, 4))
RESNET18 = dict(
    type='ResNet', depth=18, norm_cfg=dict(type='BN'), style='pytorch')
MIT_B0 = dict(
    type='MixVisionTransformer', embed_dims=32, num_heads=[1, 2, 5, 8],
    num_layers=[1, 1, 1, 1])
# dilated: its last two maps have one size
DILATED = dict(RESNET18, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))
TWO_STAGES = dict(RESNET18, out_indices=(1, 3))


def decoder(decoder_channels=(10, 5), in_channels=CHANNELS, **kwargs):
    kwargs = dict(
        num_classes=3,
        norm_cfg=dict(type='BN'),
        dropout_ratio=0,
        align_corners=False,
    ) | kwargs
    return UNetDecodeHead(in_channels, decoder_channels, **kwargs)


class TestUNetDecodeHead(ModelTests):

    def build(self):
        return decoder((8, 4, 4))

    def inputs(self, batch, size):
        return pyramid(CHANNELS, batch, size)

    def shapes(self, batch, size):
        return [(batch, 3, *(2 * side for side in grids(1, size)[0]))]

    def test_one_stage(self):
        with pytest.raises(ValueError, match='FCNHead'):
            decoder(in_channels=[4])


def maps(channels=CHANNELS, size=(23, 17), batch=2, dtype=torch.float32):
    """Random maps, each with half the size of the last, rounded up."""
    return [
        torch.randn(
            batch, c, *(-(-length // 2**i) for length in size), dtype=dtype)
        for i, c in enumerate(channels)
    ]


def written_out(inputs, state: dict, align_corners: bool):
    """Three maps, two blocks with a skip, one without."""
    fine, middle, x = inputs
    for i, skip in enumerate((middle, fine, None)):
        size = [2 * n for n in x.shape[2:]] if skip is None else skip.shape[2:]
        x = F.interpolate(
            x, size, mode='bilinear', align_corners=align_corners)
        x = x if skip is None else torch.cat([x, skip], dim=1)
        for j in range(2):
            prefix = f'blocks.{i}.convs.{j}'
            x = F.conv2d(x, state[f'{prefix}.conv.weight'], padding=1)
            mean, variance, weight, bias = (
                state[f'{prefix}.bn.{name}'].view(-1, 1, 1) for name in
                ('running_mean', 'running_var', 'weight', 'bias'))
            x = (x - mean) / (variance + 1e-5).sqrt() * weight + bias
            x = x.clamp(min=0)
    return F.conv2d(x, state['conv_seg.weight'], state['conv_seg.bias'])


@pytest.mark.parametrize('align_corners', [False, True])
def test_equals_the_decoder_written_out(align_corners):
    head = randomised(
        decoder((10, 5, 7), align_corners=align_corners)).double().eval()
    inputs = maps(dtype=torch.float64)
    torch.testing.assert_close(
        head(inputs), written_out(inputs, head.state_dict(), align_corners))


@pytest.mark.parametrize(('decoder_channels', 'size'), [
    ((8, 4), (23, 17)),
    ((8, 4, 4), (46, 34)),
    ((8, 4, 4, 2), (92, 68)),
])
def test_each_further_block_doubles_the_size(decoder_channels, size):
    head = decoder(decoder_channels)
    assert head.channels == decoder_channels[-1]
    assert head(maps()).shape == (2, 3, *size)


def test_takes_the_maps_of_in_index():
    torch.manual_seed(0)
    inputs = maps([4, 5, 6, 8])
    head = decoder(in_index=(0, 2, 3), channels=5).eval()
    torch.testing.assert_close(
        head(inputs),
        head([inputs[0], torch.zeros(1), inputs[2], inputs[3]]))


def test_norm_and_activation_are_the_heads():
    head = decoder(
        norm_cfg=dict(type='GN', num_groups=5), act_cfg=dict(type='GELU'))
    kinds = [type(m).__name__ for m in head.modules()]
    assert kinds.count('GroupNorm') == kinds.count('GELU') == 4
    assert 'BatchNorm2d' not in kinds


def build(backbone: dict, in_channels, decoder_channels, **head):
    init_default_scope('mmseg')
    if backbone['type'].startswith('mmpretrain'):
        pytest.importorskip('mmpretrain')
        import mmpretrain.models  # noqa: F401
    return MODELS.build(
        dict(
            type='EncoderDecoder',
            data_preprocessor=dict(type='SegDataPreProcessor'),
            backbone=backbone,
            decode_head=dict(
                type='UNetDecodeHead',
                in_channels=in_channels,
                decoder_channels=decoder_channels,
                num_classes=3,
                dropout_ratio=0,
                norm_cfg=dict(type='BN'),
                **head)))


# name: backbone, its channels, decoder channels, size of the logits of a
# 97 x 64 image (mmseg resizes them), parameters of the head
CASES = {
    'mobilevit': (MOBILEVIT, [16, 24, 48, 64, 320], (256, 128, 64, 32, 16),
                  (98, 64), 2_137_843),
    'resnet18': (RESNET18, [64, 128, 256, 512], (256, 128, 64), (25, 16),
                 3_098_563),
    'resnet18 to full size': (RESNET18, [64, 128, 256, 512],
                              (256, 128, 64, 32, 16), (100, 64), 3_133_171),
    'mit': (MIT_B0, [32, 64, 160, 256], (128, 64, 32), (25, 16), 812_003),
    'dilated': (DILATED, [64, 128, 256, 512], (64, 32, 16), (25, 16),
                560_371),
    'two stages': (TWO_STAGES, [128, 512], (32, 16), (26, 16), 200_691),
}


def parameters(in_channels, decoder_channels, num_classes: int) -> int:
    """Two 3x3 convolutions and their norms a block, and the classifier."""
    skips = [*in_channels[-2::-1], 0, 0]
    below, total = in_channels[-1], 0
    for skip, out in zip(skips, decoder_channels):
        total += 9 * (below + skip + out) * out + 4 * out
        below = out
    return total + (below + 1) * num_classes


@pytest.mark.parametrize('name', CASES)
def test_trains_over_real_backbones(name):
    backbone, in_channels, channels, size, count = CASES[name]
    torch.manual_seed(0)
    model = build(backbone, in_channels, channels)
    model.train()  # MobileViT's train() returns None
    found = sum(p.numel() for p in model.decode_head.parameters())
    assert found == count == parameters(in_channels, channels, 3)
    x = torch.randn(1, 3, 97, 64)
    logits = model.decode_head(model.extract_feat(x))
    assert logits.shape == (1, 3, *size)
    truth = PixelData(data=torch.randint(0, 3, (1, 97, 64)))
    losses = model.loss(x, [SegDataSample(gt_sem_seg=truth)])
    model.parse_losses(losses)[0].backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key
        if key.startswith('decode_head'):
            assert parameter.grad.abs().sum() > 0, key


def test_predicts_at_the_image_size():
    model = build(*CASES['mobilevit'][:3])
    model.eval()
    size = (250, 187)
    x = torch.randn(1, 3, *size)
    meta = dict(ori_shape=size, img_shape=size, pad_shape=size)
    with torch.no_grad():
        assert model.decode_head(model.extract_feat(x)).shape == (
            1, 3, 250, 188)
        logits = model.encode_decode(x, [meta])
    assert logits.shape == (1, 3, *size)


@pytest.mark.parametrize(('kwargs', 'message'), [
    (dict(in_channels=[64]), r'in_channels=\[64\].*FCNHead'),
    (dict(in_channels=64), 'in_channels=64'),
    (dict(in_channels=[4, 0]), r'in_channels=\[4, 0\]'),
    (dict(decoder_channels=(8, )), 'must be 2 or more .* 3 maps'),
    (dict(decoder_channels=(8, 4.0)), r'decoder_channels=\(8, 4.0\)'),
    (dict(channels=32), 'channels=32 contradicts.*set it to 5'),
    (dict(in_index=(2, 1, 0)), r'in_index=\(2, 1, 0\)'),
    (dict(in_index=(0, 0, 1)), r'in_index=\(0, 0, 1\)'),
    (dict(in_index=(-3, -2, -1)), r'in_index=\(-3, -2, -1\)'),
    (dict(in_index=(0, 1)), r'in_index=\(0, 1\): must be 3'),
    (dict(in_index=-1), 'in_index=-1'),
])
def test_bad_arguments_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        decoder(**kwargs)


@pytest.mark.parametrize(('inputs', 'message'), [
    (maps(CHANNELS[:2]), r'returned 2 maps.*in_index=\[0, 1, 2\]'),
    (maps([4, 6, 9]), r'\[4, 6, 9\].*\[4, 6, 8\]'),
    ([torch.zeros(1, 4, 4, 4), torch.zeros(1, 6, 4, 8),
      torch.zeros(1, 8, 4, 8)], 'finest first'),
])
def test_wrong_backbone_is_named(inputs, message):
    with pytest.raises(ValueError, match=message):
        decoder()(inputs)
