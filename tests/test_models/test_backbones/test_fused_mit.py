"""MiT with fused attention against mmseg's."""
import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.models.backbones import MixVisionTransformer
from mmseg.registry import MODELS
from model_tests import ODD, UpstreamTests, grids, randomised

from mmseg_ext.models.backbones.fused_mit import FusedMixVisionTransformer

KINDS = ('MixVisionTransformer', 'FusedMixVisionTransformer')
TINY = dict(
    embed_dims=4, num_layers=[1, 2, 1, 1], num_heads=[1, 2, 3, 4], mlp_ratio=2)
TWO_STAGES = dict(
    num_stages=2, num_layers=[2, 1], num_heads=[2, 1], patch_sizes=[7, 3],
    strides=[4, 2], sr_ratios=[4, 1], out_indices=(1, ))
# one with a reduced grid and one without: an export takes its time
TWO_BLOCKS = dict(TWO_STAGES, num_layers=[1, 1])


class TestFusedMixVisionTransformer(UpstreamTests):

    def arguments(self, stages=2):
        return dict(
            embed_dims=4, num_stages=stages, num_layers=[1, 1][:stages],
            num_heads=[1, 2][:stages], patch_sizes=[7, 3][:stages],
            strides=[4, 2][:stages], sr_ratios=[8, 1][:stages],
            out_indices=range(stages))

    def build(self):
        return FusedMixVisionTransformer(**self.arguments())

    def upstream(self):
        return MixVisionTransformer(**self.arguments())

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        return [(batch, c, *grid) for c, grid in zip((4, 8), grids(2, size))]

    def one_stage(self):
        net = FusedMixVisionTransformer(**self.arguments(stages=1))
        return net, self.inputs(2, ODD)


def twins(**kwargs) -> list:
    """mmseg's backbone and ours, with the same weights."""
    theirs = randomised(MixVisionTransformer(**{**TINY, **kwargs}))
    ours = FusedMixVisionTransformer(**{**TINY, **kwargs})
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return [theirs.double(), ours.double()]


def picture(batch: int = 2, size=(65, 97), dtype=torch.float64):
    torch.manual_seed(0)
    return torch.randn(batch, 3, *size, dtype=dtype)


def run(net, image, seed: int = 0):
    """The maps, and the gradients of the image and of every parameter."""
    torch.manual_seed(seed)
    image = image.clone().requires_grad_()
    net.zero_grad()
    outs = net(image)
    sum((out * torch.linspace(-1, 1, out.numel()).view(out.shape)).sum()
        for out in outs).backward()
    # None for the norm of a map that is not asked for
    return outs, [x.grad for x in (image, *net.parameters())]


def assert_equal_to_mmseg(size=(64, 96), train=False, batch=2, **kwargs):
    image = picture(batch, size)
    (theirs, their_gradients), (ours, our_gradients) = (
        run(net.train(train), image) for net in twins(**kwargs))
    torch.testing.assert_close(ours, theirs, atol=1e-8, rtol=1e-8)
    torch.testing.assert_close(
        our_gradients, their_gradients, atol=1e-8, rtol=1e-6)
    assert all(out.abs().max() > 0.1 for out in theirs)
    assert their_gradients[0].abs().max() > 0


@pytest.mark.parametrize('train', [False, True])
@pytest.mark.parametrize('qkv_bias', [True, False])
def test_equals_mmseg(train, qkv_bias):
    assert_equal_to_mmseg(train=train, qkv_bias=qkv_bias)


@pytest.mark.parametrize('sr_ratios', [[8, 4, 2, 1], [1, 1, 1, 1],
                                       [3, 5, 1, 2]])
@pytest.mark.parametrize('size', [(65, 97), (83, 70), (224, 64)])
def test_equals_mmseg_at_odd_sizes(size, sr_ratios):
    assert_equal_to_mmseg(size, train=True, sr_ratios=sr_ratios)


@pytest.mark.parametrize('kwargs', [
    TWO_STAGES,
    dict(out_indices=(0, 2)),
    dict(act_cfg=dict(type='ReLU'), norm_cfg=dict(type='LN')),
    dict(patch_sizes=[5, 3, 1, 3], strides=[2, 2, 1, 2]),
])
def test_equals_mmseg_with_other_arguments(kwargs):
    assert_equal_to_mmseg(train=True, **kwargs)


@pytest.mark.parametrize(('batch', 'drops'), [
    (2, dict(drop_path_rate=0.5)),
    # mmseg draws for (H * W, B, C), ours for (B, H * W, C)
    (1, dict(drop_rate=0.2)),
    (2, dict(attn_drop_rate=0.3)),
    (2, dict(drop_path_rate=0.5, drop_rate=0.2, attn_drop_rate=0.3)),
])
def test_drops_the_same_under_one_seed(batch, drops):
    assert_equal_to_mmseg(train=True, batch=batch, **drops)
    assert_equal_to_mmseg(train=False, batch=batch, **drops)
    ours = twins(**drops)[1].train()
    first, second = (run(ours, picture(), seed)[0][-1] for seed in (0, 1))
    assert not torch.allclose(first, second)


@pytest.mark.parametrize('train', [False, True])
def test_equals_mmseg_in_single_precision(train):
    kwargs = dict(embed_dims=32, num_heads=[1, 2, 5, 8],
                  num_layers=[1, 1, 1, 1], drop_path_rate=0.1)
    theirs = MixVisionTransformer(**kwargs)
    theirs.init_weights()
    ours = FusedMixVisionTransformer(**kwargs)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    image = picture(size=(96, 129), dtype=torch.float32)
    (theirs, their_gradients), (ours, our_gradients) = (
        run(net.train(train), image) for net in (theirs, ours))
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)
    for ours, theirs in zip(our_gradients, their_gradients):
        torch.testing.assert_close(
            ours, theirs, atol=1e-4 * theirs.abs().max().item(), rtol=0)


def test_starts_from_the_same_weights_under_one_seed():
    nets = []
    for kind in (MixVisionTransformer, FusedMixVisionTransformer):
        torch.manual_seed(0)
        nets.append(kind(**TINY))
        nets[-1].init_weights()
    for theirs, ours in zip(*(net.parameters() for net in nets)):
        torch.testing.assert_close(ours, theirs, atol=0, rtol=0)


@pytest.mark.parametrize('how', ['init_cfg', 'pretrained'])
def test_starts_from_a_pretrained_backbone(how, tmp_path):
    theirs = randomised(MixVisionTransformer(**TINY))
    path = str(tmp_path / 'mit.pth')
    torch.save(theirs.state_dict(), path)
    start = dict(type='Pretrained', checkpoint=path)
    ours = FusedMixVisionTransformer(
        **TINY, **{how: start if how == 'init_cfg' else path})
    ours.init_weights()
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)


def test_with_cp_gives_the_same_gradients():
    kwargs = dict(drop_path_rate=0.5)
    plain = twins(**kwargs)[1].train()
    checkpointed = FusedMixVisionTransformer(
        **TINY, **kwargs, with_cp=True).double().train()
    checkpointed.load_state_dict(plain.state_dict(), strict=True)
    torch.testing.assert_close(
        run(checkpointed, picture()), run(plain, picture()))


class Maps(torch.nn.Module):
    """A backbone that returns a tuple."""

    def __init__(self, net) -> None:
        super().__init__()
        self.net = net

    def forward(self, image):
        return tuple(self.net(image))


def exported(net, image, dynamic=None):
    with torch.no_grad():
        return torch.export.export(
            Maps(net.eval()), (image, ),
            dynamic_shapes=dynamic and (dynamic, ))


@pytest.mark.skipif(
    not hasattr(torch.export.Dim, 'DYNAMIC'),
    reason='this torch wants every relation of the sizes spelled out')
def test_exports_for_any_size():
    ours = twins(**TWO_BLOCKS)[1]
    dynamic = {i: torch.export.Dim.DYNAMIC for i in (0, 2, 3)}
    program = exported(ours, picture(), dynamic).module()
    image = picture(3, (96, 70))
    torch.testing.assert_close(program(image), tuple(ours(image)))


def test_never_holds_the_attention_matrix():
    theirs, ours = ([str(node.target) for node in
                     exported(net, picture()).graph.nodes]
                    for net in twins(**TWO_BLOCKS))
    assert any('softmax' in target for target in theirs)
    assert not any('softmax' in target for target in ours)
    fused = sum('scaled_dot_product' in target for target in ours)
    assert fused == 2


def test_switches_in_a_plugin_backbone():
    init_default_scope('mmseg')
    image = picture(dtype=torch.float32)
    outs = []
    for kind in KINDS:
        torch.manual_seed(0)
        net = MODELS.build(
            dict(
                type='PluginBackbone',
                backbone=dict(type=kind, **TINY),
                plugin=dict(type='DeformablePSA'),
                after=['layers.0.1.*.attn.sr'])).eval()
        outs.append(net(image))
    torch.testing.assert_close(outs[1], outs[0])


def test_contradicting_arguments_are_refused():
    with pytest.raises(AssertionError):
        FusedMixVisionTransformer(**{**TINY, 'num_layers': [1, 1]})
    with pytest.raises(AssertionError, match='init_cfg and pretrained'):
        FusedMixVisionTransformer(
            **TINY, pretrained='a.pth', init_cfg=dict(type='Pretrained'))


@pytest.mark.parametrize('factor', [2, 1.5])
def test_enlarges_the_image(factor):
    theirs, ours = twins()
    ours.enlarge = factor
    image = picture(size=(64, 96))
    height, width = int(64 * factor), int(96 * factor)
    # bilinear, pixel centres: what OpenCV does
    enlarged = np.stack([
        cv2.resize(one.permute(1, 2, 0).numpy(), (width, height))
        for one in image])
    expected = theirs(torch.from_numpy(enlarged).permute(0, 3, 1, 2))
    torch.testing.assert_close(ours(image), expected, atol=1e-8, rtol=1e-8)
    assert ours(image)[0].shape[2:] == (height // 4, width // 4)


def test_enlarge_must_not_shrink():
    with pytest.raises(ValueError, match=r'enlarge=0\.5: must be at least 1'):
        FusedMixVisionTransformer(enlarge=0.5)
