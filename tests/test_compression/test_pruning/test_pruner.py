"""What is removed from networks of each family."""
import copy

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from model_tests import randomised
from tiny_segmentor import tiny_config
from torch import nn

from mmseg_ext.compression.pruning.importance import logits_of, magnitude
from mmseg_ext.compression.pruning.scopes import find_scope, stock_types
from mmseg_ext.compression.pruning.settings import PruningSettings
from mmseg_ext.models.segmentors import apply_widths, widths_of

pytest.importorskip('torch_pruning', reason='needs the extra prune')
from mmseg_ext.compression.pruning.pruner import Pruner

NORM = dict(type='BN')
MIT = dict(
    backbone=dict(type='FusedMixVisionTransformer', embed_dims=8,
                  num_layers=[1, 1, 1, 1], num_heads=[1, 2, 5, 8]),
    decode_head=dict(
        type='FusedSegformerHead', in_channels=[8, 16, 40, 64],
        in_index=[0, 1, 2, 3], channels=16, num_classes=3, norm_cfg=NORM))
UNET = dict(
    backbone=dict(type='UNet', base_channels=4, num_stages=3,
                  strides=(1, 1, 1), enc_num_convs=(2, 2, 2),
                  dec_num_convs=(2, 2), downsamples=(True, True),
                  enc_dilations=(1, 1, 1), dec_dilations=(1, 1),
                  norm_cfg=NORM),
    decode_head=dict(type='FCNHead', in_channels=4, in_index=2, channels=4,
                     num_convs=1, concat_input=False, num_classes=3,
                     norm_cfg=NORM))
HARDNET = dict(
    backbone=dict(type='HarDNet', arch='70-seg', width=0.25),
    decode_head=dict(type='FCHarDNetHead', arch='70-seg', width=0.25,
                     num_classes=3))
RESNET_UNET = dict(
    backbone=dict(type='ResNet', depth=18, base_channels=4, stem_channels=4,
                  norm_cfg=NORM),
    decode_head=dict(type='UNetDecodeHead', in_channels=[4, 8, 16, 32],
                     decoder_channels=[16, 8, 8], num_classes=3,
                     norm_cfg=NORM))
IMAGE = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def build(parts: dict) -> nn.Module:
    init_default_scope('mmseg')
    torch.manual_seed(0)
    return randomised(MODELS.build(
        dict(type='EncoderDecoder', **copy.deepcopy(parts)))).eval()


def prune(model: nn.Module, **settings) -> Pruner:
    settings = PruningSettings(**dict(dict(round_to=1, min_channels=2),
                                      **settings))
    names = find_scope(model, settings.only, settings.ignore)[1]
    pruner = Pruner(model, IMAGE, names, settings)
    for ratio in settings.ratios():
        assert pruner.step(magnitude(model), ratio)
    return pruner


@pytest.mark.parametrize('parts', [UNET, HARDNET, RESNET_UNET, MIT],
                         ids=['unet', 'fchardnet', 'resnet-unet', 'mit'])
def test_its_widths_alone_build_it(parts):
    model = build(parts)
    before = sum(p.numel() for p in model.parameters())
    kinds = [type(module) for module in model.modules()]
    prune(model, ratio=0.5)
    after = sum(p.numel() for p in model.parameters())
    # both sides of a convolution are halved
    assert after < (0.35 if parts is not MIT else 0.85) * before
    assert [type(module) for module in model.modules()] == kinds
    again = build(parts)
    apply_widths(again, widths_of(model))
    again.load_state_dict(model.state_dict())
    with torch.no_grad():
        wanted = logits_of(model, IMAGE)
        assert torch.equal(logits_of(again, IMAGE), wanted)
    if parts is MIT:  # the fused types, and mmseg's
        with stock_types(again), torch.no_grad():
            torch.testing.assert_close(logits_of(again, IMAGE), wanted,
                                       rtol=1e-4, atol=1e-5)
    again.train()
    logits_of(again, torch.cat([IMAGE, IMAGE.flip(3)])).sum().backward()
    assert all(p.grad is not None for p in again.parameters())


def test_channels_that_do_nothing_go_without_a_trace():
    model = build(UNET)
    first, second = model.backbone.encoder[0][0].convs
    with torch.no_grad():
        for parameter in (first.conv.weight, first.norm.weight,
                          first.norm.bias):
            parameter[[1, 3]] = 0
    wanted = logits_of(model, IMAGE)
    prune(model, ratio=0.5, only=r'encoder\.0\.0\.convs\.0\.conv')
    assert first.conv.out_channels == second.conv.in_channels == 2
    assert second.conv.out_channels == 4
    torch.testing.assert_close(logits_of(model, IMAGE), wanted)


def test_scopes():
    scope, names = find_scope(build(UNET))
    assert scope == 'all' and 'decode_head.conv_seg' not in names
    scope, names = find_scope(build(MIT))
    assert scope == 'ffn+rest'
    assert {name.split('.')[-1] for name in names
            if name.startswith('backbone')} == {'0', '1'}
    assert all('.ffn.' in name or '.1.layers.' in name or 'layers' in name
               for name in names if name.startswith('backbone'))
    assert {name for name in names if name.startswith('decode')} == {
        *(f'decode_head.convs.{i}.conv' for i in range(4)),
        'decode_head.fusion_conv.conv'}


def test_steps_end_where_one_does():
    one, many = build(UNET), build(UNET)
    prune(one, ratio=0.5)
    prune(many, ratio=0.5, steps=3)
    assert widths_of(one) == widths_of(many)


def test_rounds_and_keeps_the_fewest():
    model = build(UNET)
    pruner = prune(model, ratio=0.9, round_to=4, min_channels=3)
    widths = {layer.out_channels for layer in model.modules()
              if isinstance(layer, nn.Conv2d)} - {3}
    assert all(width % 4 == 0 for width in widths), widths
    model = build(UNET)
    pruner = prune(model, ratio=0.9, min_channels=3)
    assert 'backbone.encoder.0.0.convs.0.conv' in pruner.at_least
    assert min(layer.out_channels for layer in model.modules()
               if isinstance(layer, nn.Conv2d)) == 3


def test_ranks_across_layers():
    model = build(UNET)
    with torch.no_grad():
        model.backbone.encoder[2][1].convs[0].conv.weight[2:].mul_(1e-6)
    prune(model, ratio=0.3, across_layers=True)
    # the layer loses the most that is allowed, 0.8 of 16
    assert model.backbone.encoder[2][1].convs[0].conv.out_channels == 3


@pytest.mark.parametrize(('settings', 'sentence'), [
    (dict(ratio=0), 'above 0 and 0.95 at most'),
    (dict(ratio=0.96), 'above 0 and 0.95 at most'),
    (dict(importance='l1'), 'importance'),
    (dict(steps=0), 'steps'),
    (dict(only='('), 'no regular expression'),
    (dict(importance='random', after_norm=True), 'after_norm'),
])
def test_refuses_settings(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        PruningSettings(**settings)


def test_refuses_names_that_are_no_layers():
    model = nn.Sequential(nn.Conv2d(1, 2, 1))
    for option in ('only', 'ignore'):
        with pytest.raises(ValueError, match=f'--{option} xyz: in none'):
            find_scope(model, **{option: 'xyz'})
    with pytest.raises(ValueError, match='No layer is left'):
        find_scope(model, ignore='.')


def test_says_where_a_model_does_not_run():
    class Fixed(nn.Module):
        def forward(self, x):
            return x.view(1, 4, -1, 8)

    init_default_scope('mmseg')
    model = MODELS.build(tiny_config(concat_input=False).model).eval()
    model.neck = None
    model.decode_head.convs.add_module('fixed', Fixed())
    with pytest.raises(ValueError, match=r'decode_head.*--ignore'):
        prune(model, ratio=0.5)
