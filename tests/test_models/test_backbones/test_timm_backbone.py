"""Encoders of timm: their maps, their weights, and heads over them."""
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from model_tests import ModelTests, grids

timm = pytest.importorskip('timm', reason='needs the extra encoders')

from mmseg_ext.models.backbones.timm_backbone import (  # noqa: E402
    TimmBackbone,
    timm_maps,
)

LITE0 = 'tf_efficientnet_lite0'
CHANNELS = [16, 24, 40, 112, 320]
# of two blocks and few channels, where depth does not matter
NARROW = dict(model_name='resnet18', layers=(1, 1, 1, 1), channels=(8, ) * 4,
              stem_width=4)


class TestTimmBackbone(ModelTests):

    def build(self):
        return TimmBackbone(LITE0, out_indices=(0, 1, 2))

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        return [(batch, c, *grid)
                for c, grid in zip(CHANNELS, grids(3, size, stride=2))]

    def one_stage(self):
        return TimmBackbone(LITE0, out_indices=(1, )), self.inputs(2, (64, 64))


@pytest.mark.parametrize(('name', 'channels', 'strides'), [
    (LITE0, (16, 24, 40, 112, 320), (2, 4, 8, 16, 32)),
    ('resnet50', (64, 256, 512, 1024, 2048), (2, 4, 8, 16, 32)),
    ('convnext_atto', (40, 80, 160, 320), (4, 8, 16, 32)),
    ('vgg11', (64, 128, 256, 512, 512, 512), (1, 2, 4, 8, 16, 32)),
])
def test_maps_are_known_without_a_model(name, channels, strides):
    assert timm_maps(name) == (channels, strides)
    assert timm_maps(name, (0, 2)) == (channels[::2][:2], strides[::2][:2])


@pytest.mark.parametrize(('kwargs', 'size'), [
    (dict(model_name=LITE0), (49, 70)),
    (dict(NARROW, out_indices=(0, 3)), (49, 70)),
    # channels-last in timm, and of one size of image
    (dict(model_name='swin_tiny_patch4_window7_224', depths=(1, 1, 1, 1),
          embed_dim=12, num_heads=(1, 2, 2, 2), img_size=64), (64, 64)),
    (dict(model_name='vit_tiny_patch16_224', depth=4, embed_dim=12,
          num_heads=2, img_size=64, out_indices=(0, 2)), (64, 64)),
])
def test_maps_are_what_is_said(kwargs, size):
    net = TimmBackbone(**kwargs).eval()
    with torch.no_grad():
        maps = net(torch.randn(1, 3, *size))
    assert [x.shape[1] for x in maps] == list(net.channels)
    assert [tuple(x.shape[2:]) for x in maps] == [
        tuple(-(-side // stride) for side in size) for stride in net.strides]


@pytest.mark.parametrize('name', [
    LITE0, 'resnet18', 'densenet121', 'legacy_xception',
    'vit_tiny_patch16_224'
])
def test_takes_timms_own_names(name, tmp_path):
    whole = timm.create_model(name)
    torch.save(whole.state_dict(), tmp_path / 'timm.pth')
    plain = timm.create_model(name, features_only=True)
    net = TimmBackbone(name, init_cfg=dict(
        type='Pretrained', checkpoint=str(tmp_path / 'timm.pth')))
    net.init_weights()
    own = whole.state_dict()
    taken = net.state_dict()
    # timm loads features of a whole model in its own way
    for prefix in ('', 'model.', 'body.'):
        renamed = {prefix + key: value for key, value in own.items()}
        if set(plain.state_dict()) <= set(renamed):
            break
        renamed = {prefix + key.replace('.', '_', 1): value
                   for key, value in own.items()}
        if set(plain.state_dict()) <= set(renamed):
            break
    for key in plain.state_dict():
        assert torch.equal(taken[f'timm_model.{key}'], renamed[key]), key


def test_checkpoints_fit_mmsegs_own():
    init_default_scope('mmseg')
    theirs = MODELS.build(dict(
        type='TIMMBackbone', model_name='resnet18', pretrained=False))
    ours = TimmBackbone('resnet18')
    ours.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x = torch.randn(1, 3, 40, 56)
    for one, other in zip(ours.eval()(x), theirs.eval()(x)):
        torch.testing.assert_close(one, other)


def test_one_channel_sees_what_three_equal_ones_do(tmp_path):
    torch.manual_seed(0)
    torch.save(timm.create_model('resnet18').state_dict(),
               tmp_path / 'timm.pth')
    three, one = (TimmBackbone('resnet18', in_channels=n).eval()
                  for n in (3, 1))
    for net in (three, one):
        load_checkpoint(net, str(tmp_path / 'timm.pth'))
    grey = torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        for x, wanted in zip(one(grey), three(grey.expand(-1, 3, -1, -1))):
            torch.testing.assert_close(x, wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(('name', 'frozen', 'trained'), [
    ('resnet18', ('conv1', 'bn1'), ('layer1', 'layer4')),
    (LITE0, ('conv_stem', 'bn1', 'blocks.0'), ('blocks.1', 'blocks.6')),
])
def test_frozen_stages_stay(name, frozen, trained):
    net = TimmBackbone(name, frozen_stages=0)
    assert net.train() is net
    before = {key: x.clone() for key, x in net.state_dict().items()}
    sum(x.sum() for x in net(torch.randn(2, 3, 64, 64))).backward()
    assert net.training
    for key, x in net.named_parameters():
        key = key.removeprefix('timm_model.')
        if key.startswith(tuple(f'{part}.' for part in frozen)):
            assert x.grad is None, key
        if key.startswith(tuple(f'{part}.' for part in trained)):
            assert x.grad is not None, key
    for key, x in net.state_dict().items():
        if 'running' in key:
            part = key.removeprefix('timm_model.')
            stays = part.startswith(tuple(f'{one}.' for one in frozen))
            assert torch.equal(x, before[key]) == stays, key


def test_norm_eval_keeps_the_statistics():
    net = TimmBackbone(**NARROW, norm_eval=True).train()
    before = [x.clone() for x in net.buffers()]
    net(torch.randn(2, 3, 64, 64))
    assert net.training
    assert all(torch.equal(a, b) for a, b in zip(before, net.buffers()))


def test_drop_path_is_of_training_alone():
    torch.manual_seed(0)
    net = TimmBackbone(LITE0, out_indices=(1, ), drop_path_rate=0.9)
    x = torch.randn(2, 3, 64, 64)
    assert torch.equal(net.eval()(x)[0], net(x)[0])
    net = TimmBackbone(LITE0, out_indices=(1, ), drop_path_rate=0.9,
                       norm_eval=True).train()
    assert not torch.equal(net(x)[0], net(x)[0])


@pytest.mark.parametrize(('kwargs', 'message'), [
    (dict(model_name='resnet81'), 'no such model; names near it.*resnet18'),
    (dict(model_name='resnet18', out_indices=(1, 7)), 'are 0 to 4'),
    (dict(model_name='resnet18', out_indices=(2, 1)), 'rising integers'),
    (dict(model_name='resnet18', out_indices=()), 'rising integers'),
    (dict(model_name='resnet18', out_indices=(-1, )), 'rising integers'),
    (dict(model_name='resnet18', frozen_stages=5), 'are 0 to 4'),
])
def test_bad_arguments_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        TimmBackbone(**kwargs)


BN = dict(type='BN')
NECK = dict(type='MultiScaleCrossAttentionNeck', in_channels=CHANNELS[1:])
FUSED = dict(type='FusedSegformerHead', in_index=[0, 1, 2, 3], channels=16)
UNET = dict(type='UNetDecodeHead', in_channels=CHANNELS,
            decoder_channels=[32, 16, 16, 8, 8])
# name: the backbone's arguments, neck, head
HEADS = {
    'U-Net': ({}, None, UNET),
    'fused SegFormer': (dict(out_indices=(1, 2, 3, 4)), None,
                        dict(FUSED, in_channels=CHANNELS[1:])),
    'SegFormer': (dict(out_indices=(1, 2, 3, 4)), None,
                  dict(FUSED, type='SegformerHead',
                       in_channels=CHANNELS[1:])),
    'cross-attention': (dict(out_indices=(1, 2, 3, 4)), NECK,
                        dict(FUSED, in_channels=[48, 80, 224, 320])),
    'UPerNet': (dict(out_indices=(1, 2, 3, 4)), None,
                dict(type='UPerHead', in_channels=CHANNELS[1:],
                     in_index=[0, 1, 2, 3], channels=16)),
    'DPT': (dict(model_name='vit_tiny_patch16_224', depth=4, embed_dim=16,
                 num_heads=2, img_size=64, dynamic_img_size=True,
                 out_indices=(0, 1, 2, 3)), None,
            dict(type='DPTDecodeHead', embed_dims=16, in_channels=[16] * 4,
                 post_process_channels=[8] * 4, in_index=[0, 1, 2, 3],
                 input_transform='multiple_select', channels=8)),
}


@pytest.mark.parametrize('name', HEADS)
def test_trains_under(name):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    backbone, neck, head = HEADS[name]
    model = MODELS.build(dict(
        type='EncoderDecoder',
        data_preprocessor=dict(
            type='SegDataPreProcessor', size_divisor=32,
            test_cfg=dict(size_divisor=32)),
        backbone=dict(dict(type='TimmBackbone', model_name=LITE0),
                      **backbone),
        neck=neck,
        test_cfg=ConfigDict(mode='whole'),
        decode_head=dict(
            dict(num_classes=3, dropout_ratio=0, norm_cfg=BN,
                 align_corners=False), **head)))
    size = (97, 70)  # padded to 128 x 96
    truth = PixelData(data=torch.randint(0, 3, (1, *size)))
    data = model.data_preprocessor(
        dict(inputs=[torch.randn(3, *size)] * 2,
             data_samples=[SegDataSample(gt_sem_seg=truth)
                           for _ in range(2)]), training=True)
    losses = model.train().loss(**data)
    model.parse_losses(losses)[0].backward()
    first = next(model.backbone.parameters())
    assert first.grad.isfinite().all() and first.grad.any()
    data = model.data_preprocessor(
        dict(inputs=[torch.randn(3, *size)],
             data_samples=[SegDataSample(metainfo=dict(
                 ori_shape=size, img_shape=size))]))
    with torch.no_grad():
        result, = model.eval().predict(**data)
    assert result.seg_logits.data.shape == (3, *size)
