"""Plugin layers in mmseg's own backbones, against the plain backbones."""
import copy
import io

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from model_tests import ODD, ModelTests, grids
from torch import nn

from mmseg_ext.models.backbones import plugin_backbone
from mmseg_ext.models.plugins import DeformablePSA

init_default_scope('mmseg')

BN = dict(type='BN')
PSA = dict(type='DeformablePSA')
RESNET = dict(
    type='ResNet', depth=18, norm_cfg=BN, base_channels=8, stem_channels=8)
NORMS = ['layer[34].*.bn1']


def branches(count: int, block: str = 'BASIC') -> dict:
    return dict(
        num_modules=1,
        num_branches=count,
        block=block,
        num_blocks=(1, ) * count,
        num_channels=(8, 16, 32, 64)[:count])


# backbone, patterns, {name: channels}
BACKBONES = dict(
    resnet18=(RESNET, NORMS, {
        'layer3.0.bn1': 32,
        'layer3.1.bn1': 32,
        'layer4.0.bn1': 64,
        'layer4.1.bn1': 64,
    }),
    resnet34=(dict(RESNET, depth=34), ['layer4.*'], {
        f'layer4.{i}': 64 for i in range(3)
    }),
    resnet50=(dict(RESNET, depth=50), ['layer4.?.conv2', 'layer4.0'], {
        'layer4.0': 256,
        'layer4.0.conv2': 64,
        'layer4.1.conv2': 64,
        'layer4.2.conv2': 64,
    }),
    hrnet=(dict(
        type='HRNet',
        norm_cfg=BN,
        extra=dict(
            stage1=branches(1, 'BOTTLENECK'),
            stage2=branches(2),
            stage3=branches(3),
            stage4=branches(4))), ['stage4.*.branches.*.*.bn2',
                                   'stage3.0.branches.2'], {
        'stage3.0.branches.2': 32,
        **{f'stage4.0.branches.{i}.0.bn2': 8 << i for i in range(4)},
    }),
    unet=(dict(type='UNet', base_channels=4, norm_cfg=BN),
          ['encoder.*.*.convs.1', 'decoder.0'], {
        'encoder.0.0.convs.1': 4,
        **{f'encoder.{i}.1.convs.1': 4 << i for i in range(1, 5)},
        'decoder.0': 4,
    }),
    bisenet=(dict(
        type='BiSeNetV1',
        backbone_cfg=RESNET,
        context_channels=(16, 32, 64),
        spatial_channels=(8, 8, 8, 16),
        out_channels=16), [
            'context_path.backbone.layer4.*.bn2', 'context_path.arm32',
            'context_path.arm16.conv_layer'
        ], {
            'context_path.backbone.layer4.0.bn2': 64,
            'context_path.backbone.layer4.1.bn2': 64,
            'context_path.arm32': 16,
            'context_path.arm16.conv_layer': 16,
        }),
    mit=(dict(
        type='MixVisionTransformer', embed_dims=4, num_layers=[1] * 4),
         ['layers.*.0.projection'], {
             f'layers.{i}.0.projection': (4, 8, 16, 32)[i] for i in range(4)
         }),
)


def build(backbone=RESNET, after=NORMS, plugin=PSA, **kwargs) -> nn.Module:
    return MODELS.build(
        dict(
            type='PluginBackbone',
            backbone=copy.deepcopy(backbone),
            plugin=plugin,
            after=after,
            **kwargs))


class TestPluginBackbone(ModelTests):

    def build(self):
        return build(
            dict(RESNET, num_stages=2, strides=(1, 2), dilations=(1, 1),
                 out_indices=(0, 1)), ['layer2.*.bn1'])

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        return [(batch, c, *grid)
                for c, grid in zip((8, 16), grids(2, size))]

    def one_stage(self):
        net = build(
            dict(RESNET, num_stages=1, strides=(1, ), dilations=(1, ),
                 out_indices=(0, )), ['layer1.*.bn1'])
        return net, self.inputs(2, ODD)


def disturb(net) -> None:
    """Take the layers away from the identity."""
    with torch.no_grad():
        for parameter in net.plugin_layers.parameters():
            parameter.normal_(std=0.1)


def run(net, x=None):
    net.eval()
    if x is None:
        x = torch.linspace(-2, 2, 3 * 64 * 64).view(1, 3, 64, 64).sin()
    with torch.no_grad():
        return net(x)


def assert_same(outs, expected, tolerance=1e-5):
    assert len(outs) == len(expected)
    for out, wanted in zip(outs, expected):
        torch.testing.assert_close(out, wanted, atol=tolerance,
                                   rtol=tolerance)


def assert_plugins_alone_are_missing(found, prefix=''):
    assert not found.unexpected_keys
    assert found.missing_keys
    assert all(
        key.startswith(f'{prefix}plugin_layers.')
        for key in found.missing_keys)


@pytest.mark.parametrize('name', BACKBONES)
def test_unchanged_at_the_start_then_not(name):
    config, after, channels = BACKBONES[name]
    plain = MODELS.build(copy.deepcopy(config))
    net = build(config, after)
    assert {
        name: hook.channels
        for name, hook in net.plugin_layers.hooks.items()
    } == channels
    # With the backbones' own initialisers, which reach every convolution
    net.init_weights()
    found = net.load_state_dict(plain.state_dict(), strict=False)
    assert_plugins_alone_are_missing(found)
    expected = run(plain)
    assert_same(run(net), expected)
    disturb(net)
    assert not torch.allclose(run(net)[-1], expected[-1], atol=1e-3)


def test_the_result_is_the_backbone():
    plain = MODELS.build(dict(RESNET))
    net = build()
    assert type(net) is type(plain)
    names = [name for name, _ in net.named_parameters()]
    assert [n for n in names if not n.startswith('plugin_layers.')
            ] == [name for name, _ in plain.named_parameters()]


def test_layer_runs_directly_after_the_module():
    net = build(after=['layer4.1.bn2'])
    disturb(net)
    seen = {}
    block = net.layer4[1]
    block.conv2.register_forward_hook(
        lambda module, args, out: seen.update(conv=out))
    block.bn2.register_forward_hook(
        # the block adds its input in place
        lambda module, args, out: seen.update(out=out.clone()))
    run(net)
    layer = net.plugin_layers['layer4-1-bn2']
    norm = block.bn2
    x = torch.nn.functional.batch_norm(seen['conv'], norm.running_mean,
                                       norm.running_var, norm.weight,
                                       norm.bias)
    with torch.no_grad():
        torch.testing.assert_close(seen['out'], layer(x))


def saved_and_loaded(net):
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize('duplicate', [copy.deepcopy, saved_and_loaded])
def test_copies_have_their_own_layers(duplicate):
    net = build()
    disturb(net)
    before = run(net)
    twin = duplicate(net)
    assert_same(run(twin), before, 0)
    disturb(twin)
    assert_same(run(net), before, 0)
    assert not torch.allclose(run(twin)[-1], before[-1])
    twin.init_weights()
    assert_same(run(net), before, 0)
    for layer in twin.plugin_layers.values():
        assert layer.query_conv_offset.weight.abs().max() == 0


def test_survives_the_exchange_of_norms():
    # as mmseg's init_model does on a CPU; the new modules have no hooks
    net = build(dict(RESNET, norm_cfg=dict(type='SyncBN')))
    disturb(net)
    twin = build()
    twin.load_state_dict(net.state_dict())
    assert_same(run(revert_sync_batchnorm(net)), run(twin), 1e-6)


def test_checkpointed_blocks_have_the_same_gradients():
    net = build()
    disturb(net)
    saving = build(dict(RESNET, with_cp=True))
    saving.load_state_dict(net.state_dict())
    x = torch.randn(2, 3, 64, 64)
    for backbone in (net, saving):
        backbone.train()
        backbone(x)[-1].square().mean().backward()
    for (name, a), b in zip(net.named_parameters(), saving.parameters()):
        torch.testing.assert_close(a.grad, b.grad, msg=name)


def test_train_and_frozen_stages_pass_through():
    net = build(dict(RESNET, frozen_stages=4, norm_eval=True))
    net.train()
    assert net.training and not net.layer1[0].bn1.training
    assert {
        name.split('.')[0]
        for name, p in net.named_parameters() if p.requires_grad
    } == {'plugin_layers'}


def save(net, path, prefix=''):
    state = {prefix + key: v for key, v in net.state_dict().items()}
    torch.save(dict(state_dict=state), path)
    return str(path)


def segmentor(backbone, **kwargs):
    return MODELS.build(
        dict(
            type='EncoderDecoder',
            data_preprocessor=dict(type='SegDataPreProcessor'),
            backbone=backbone,
            decode_head=dict(
                type='FCNHead', in_channels=64, in_index=3, channels=8,
                num_convs=1, num_classes=3, norm_cfg=BN,
                align_corners=False),
            test_cfg=dict(mode='whole'),
            **kwargs))


def psa_backbone(**kwargs):
    return ConfigDict(
        type='PluginBackbone', backbone=dict(RESNET, **kwargs), plugin=PSA,
        after=NORMS)


@pytest.mark.parametrize('way', ['init_cfg', 'pretrained', 'segmentor'])
def test_pretrained_checkpoint_of_the_plain_backbone(way, tmp_path):
    plain = MODELS.build(dict(RESNET))
    path = save(plain, tmp_path / 'plain.pth')
    if way == 'segmentor':
        net = segmentor(psa_backbone(), pretrained=path)
    else:
        value = path
        if way == 'init_cfg':
            value = dict(type='Pretrained', checkpoint=path)
        net = segmentor(psa_backbone(**{way: value}))
    net.init_weights()
    assert_same(run(net.backbone), run(plain))


def test_pretrained_layers_are_kept(tmp_path):
    trained = build()
    disturb(trained)
    path = save(trained, tmp_path / 'trained.pth')
    net = build(dict(RESNET, pretrained=path))
    net.init_weights()
    assert_same(run(net), run(trained), 0)


def test_second_init_weights_changes_nothing():
    net = build()
    net.init_weights()
    disturb(net)
    before = run(net)
    net.init_weights()
    assert_same(run(net), before, 0)


def test_checkpoint_of_the_plain_segmentor(tmp_path):
    plain = segmentor(dict(RESNET))
    net = segmentor(psa_backbone())
    found = net.load_state_dict(plain.state_dict(), strict=False)
    assert_plugins_alone_are_missing(found, 'backbone.')

    net = segmentor(psa_backbone())
    load_checkpoint(net, save(plain, tmp_path / 'plain.pth'))
    x = torch.randn(1, 3, 64, 64)
    plain.eval()
    net.eval()
    with torch.no_grad():
        torch.testing.assert_close(
            net(x), plain(x), atol=1e-5, rtol=1e-5)


def test_trains_in_a_segmentor():
    # else the blocks start as 0, and the layers get a gradient late
    net = segmentor(psa_backbone(zero_init_residual=False))
    net.init_weights()
    net.train()
    before = copy.deepcopy(net.backbone.plugin_layers.state_dict())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x = torch.randn(2, 3, 64, 64)
    samples = [SegDataSample() for _ in range(2)]
    for sample in samples:
        sample.gt_sem_seg = PixelData(data=torch.randint(0, 3, (1, 64, 64)))
    losses = []
    for _ in range(4):
        loss = net.loss(x, samples)['decode.loss_ce']
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0]
    for key, value in net.backbone.plugin_layers.state_dict().items():
        assert not torch.equal(value, before[key]), key


def test_other_plugins_and_two_kinds():
    plain = MODELS.build(dict(RESNET))
    context = dict(type='ContextBlock', ratio=0.25)
    config = dict(
        type='PluginBackbone', backbone=RESNET, plugin=context,
        after=['layer4.*.bn2'])
    net = build(config, ['layer3.*.bn2'])
    net.init_weights()
    assert [type(layer).__name__ for layer in net.plugin_layers.values()
            ] == ['ContextBlock'] * 2 + ['DeformablePSA'] * 2
    found = net.load_state_dict(plain.state_dict(), strict=False)
    assert_plugins_alone_are_missing(found)
    assert_same(run(net), run(plain))
    with pytest.raises(ValueError, match=r"'layer4.0.bn2' has a plugin"):
        build(config, ['layer4.0.bn2'])


def test_one_layer_where_two_patterns_match():
    net = build(after=['layer4.*.bn2', 'layer4.0.bn?'])
    assert list(net.plugin_layers) == [
        'layer4-0-bn1', 'layer4-0-bn2', 'layer4-1-bn2'
    ]


def test_star_does_not_cross_a_dot():
    with pytest.raises(ValueError, match=r"'layer4\.\*bn2' matches no"):
        build(after=['layer4.*bn2'])


def test_pattern_without_a_match_lists_near_names():
    with pytest.raises(ValueError) as error:
        build(after=['layer4.*.bn2', 'layer4.0.norm2'])
    assert "'layer4.0.norm2'" in str(error.value)
    assert 'layer4.0.bn2' in str(error.value)


@pytest.mark.parametrize('after', ['layer4.0.bn2', [], [3]])
def test_patterns_must_be_a_list(after):
    with pytest.raises(ValueError, match='must be a list of patterns'):
        build(after=after)


def test_channels_that_cannot_be_told():
    with pytest.raises(ValueError, match=r"'layer4.0.relu' is a ReLU"):
        build(after=['layer4.0.relu'])
    net = build(after=['layer4.0.relu'], plugin=dict(PSA, in_channels=64))
    assert isinstance(net.plugin_layers['layer4-0-relu'], DeformablePSA)


def test_containers_are_refused():
    config = BACKBONES['unet'][0]
    with pytest.raises(ValueError, match='ModuleList, which is never called'):
        build(config, ['encoder'])


def test_wrong_channels_are_named():
    net = build(plugin=dict(PSA, in_channels=8))
    with pytest.raises(ValueError, match=r"'layer3.0.bn1' returned 32 .* 8:"):
        run(net)


def test_tokens_are_refused():
    net = build(BACKBONES['mit'][0], ['layers.0.1.0.ffn'])
    with pytest.raises(ValueError, match=r'returned a tensor .*a map'):
        run(net)


def test_pretrained_twice():
    with pytest.raises(ValueError, match='set one'):
        build(dict(RESNET, pretrained='a.pth'), pretrained='b.pth')


def test_function_without_registry():
    net = plugin_backbone(dict(RESNET), PSA, NORMS)
    assert len(net.plugin_layers) == 4
