import pytest
import torch
import torch.nn.functional as F
from model_tests import ODD, ModelTests, randomised
from torch import nn

from mmseg_ext.models import DPTDecodeHead, HybridTransformer


def make(**options) -> HybridTransformer:
    """A small one over a ResNet's first two maps, strides 4 and 8."""
    stem = dict(type='ResNet', depth=18, num_stages=2, base_channels=8,
                strides=(1, 2), dilations=(1, 1), out_indices=(0, 1))
    arguments = dict(stem=stem, stem_channels=[8, 16], embed_dims=24,
                     num_layers=3, num_heads=2, out_layers=(0, 2),
                     position_size=(3, 5))
    return HybridTransformer(**dict(arguments, **options))


class TestHybridTransformer(ModelTests):

    def build(self):
        net = make()
        net.init_weights()
        return net

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        fine, coarse = ([-(-side // stride) for side in size]
                        for stride in (4, 8))
        return [(batch, 8, *fine), *[(batch, 24, *coarse)] * 2]

    def one_stage(self):
        stem = dict(type='ResNet', depth=18, num_stages=1, base_channels=8,
                    strides=(1, ), dilations=(1, ), out_indices=(0, ))
        net = make(stem=stem, stem_channels=[8], num_layers=1,
                   out_layers=(0, ))
        return net, self.inputs(2, ODD)


def attend(layer, x):
    """A pre-norm layer by its formulas, x (N, C) of one image."""
    state = dict(layer.named_parameters())
    heads = layer.attn.attn.num_heads
    y = F.layer_norm(x, x.shape[1:], state['ln1.weight'], state['ln1.bias'],
                     1e-6)
    y = (y @ state['attn.attn.in_proj_weight'].T
         + state['attn.attn.in_proj_bias'])
    q, k, v = (part.unflatten(1, (heads, -1)).transpose(0, 1)
               for part in y.chunk(3, dim=1))
    weights = (q @ k.transpose(1, 2) / q.shape[2]**0.5).softmax(-1)
    y = (weights @ v).transpose(0, 1).flatten(1)
    x = x + (y @ state['attn.attn.out_proj.weight'].T
             + state['attn.attn.out_proj.bias'])
    y = F.layer_norm(x, x.shape[1:], state['ln2.weight'], state['ln2.bias'],
                     1e-6)
    y = F.gelu(y @ state['ffn.layers.0.0.weight'].T
               + state['ffn.layers.0.0.bias'])
    return x + y @ state['ffn.layers.1.weight'].T + state['ffn.layers.1.bias']


def test_the_formula_written_out():
    net = randomised(make(num_layers=2, out_layers=(0, 1))).double().eval()
    image = torch.randn(1, 3, 40, 48, dtype=torch.float64)
    fine, *tokens = net(image)
    stem = net.stem(image)
    assert torch.equal(fine, stem[0])
    position = F.interpolate(net.position, (5, 6), mode='bilinear')
    weight = net.embed.weight[:, :, 0, 0]
    x = (stem[1] + 0.)[0].flatten(1).T @ weight.T + net.embed.bias
    x = x + position[0].flatten(1).T
    for layer, norm, found in zip(net.layers, net.norms, tokens):
        x = attend(layer, x)
        expected = F.layer_norm(x, (24, ), norm.weight, norm.bias, 1e-6)
        torch.testing.assert_close(
            found, expected.T.unflatten(1, (5, 6))[None])


def test_layers_that_no_map_needs_are_left_out():
    assert len(make(num_layers=6, out_layers=(0, 3)).layers) == 4


def test_position_and_layers_start_as_vits():
    torch.manual_seed(0)
    net = make()
    net.init_weights()
    assert net.position.std().item() == pytest.approx(0.02, rel=0.2)
    linear = next(module for module in net.layers.modules()
                  if isinstance(module, nn.Linear))
    assert linear.weight.std().item() == pytest.approx(0.02, rel=0.2)


@pytest.mark.parametrize('options, words', [
    (dict(num_heads=5), 'num_heads=5'),
    (dict(out_layers=(2, 0)), 'out_layers'),
    (dict(out_layers=(3, )), 'the 3 layers'),
    (dict(out_layers=()), 'out_layers')])
def test_arguments_that_contradict_each_other(options, words):
    with pytest.raises(ValueError, match=words):
        make(**options)


def test_another_stem_is_told():
    net = make(stem_channels=[8, 12])
    with pytest.raises(ValueError, match=r'\(8, 16\) channels'):
        net(torch.zeros(1, 3, 32, 32))


def test_dpt_fuses_maps_of_the_stem_as_they_are():
    head = DPTDecodeHead(
        embed_dims=24, stem_channels=[8, 16], in_channels=[8, 16, 24, 24],
        in_index=[0, 1, 2, 3], input_transform='multiple_select', channels=12,
        post_process_channels=[8, 16, 20, 28], num_classes=3)
    head = randomised(head).eval()
    maps = [torch.randn(2, channels, side, side + 4)
            for channels, side in ((8, 32), (16, 16), (24, 8), (24, 8))]
    maps = [F.interpolate(x, (side, side)) for x, side in zip(
        maps, (32, 16, 8, 8))]
    logits = head(maps)
    assert logits.shape == (2, 3, 64, 64)
    tokens = head.reassemble_blocks(maps[2:])
    assert [x.shape[1:] for x in tokens] == [(20, 8, 8), (28, 4, 4)]
    fused = None
    for block, conv, x in zip(head.fusion_blocks, reversed(head.convs),
                              reversed([*maps[:2], *tokens])):
        fused = block(conv(x)) if fused is None else block(fused, conv(x))
    torch.testing.assert_close(logits, head.cls_seg(head.project(fused)))


@pytest.mark.parametrize('options', [
    dict(stem_channels=[8, 16, 24, 24]),
    dict(stem_channels=[16]),
    dict(stem_channels=[8], expand_channels=True)])
def test_dpt_stem_channels_that_contradict(options):
    count = len(options['stem_channels'])
    channels = [*options['stem_channels'], *[24] * (4 - count)]
    with pytest.raises(ValueError, match='stem_channels'):
        DPTDecodeHead(
            embed_dims=24, in_channels=channels, in_index=[0, 1, 2, 3],
            input_transform='multiple_select', channels=12,
            post_process_channels=[8, 16, 20, 28], num_classes=3, **options)
