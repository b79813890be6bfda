"""The DPT head against mmseg's and the paper's equations."""
from pathlib import Path

import mmseg
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmseg.models.decode_heads import DPTHead
from mmseg.registry import MODELS
from model_tests import ODD, UpstreamTests
from tiny_dpt import EMBED, READOUTS, arguments, pairs, randomised

import mmseg_ext  # noqa: F401
from mmseg_ext.models.decode_heads.dpt import DPTDecodeHead


class TestDPTDecodeHead(UpstreamTests):
    options = dict(readout_type='project')

    def build(self):
        return DPTDecodeHead(**arguments(**self.options))

    def upstream(self):
        return DPTHead(**arguments(**self.options))

    def inputs(self, batch, size):
        # maps and class tokens of patches of 8 pixels
        grid = [side // 8 for side in size]
        return [[torch.randn(batch, EMBED, *grid), torch.randn(batch, EMBED)]
                for _ in range(4)]

    def shapes(self, batch, size):
        # the coarsest map is half the grid, rounded up, and doubled 4 times
        return [(batch, 3, *(-(-(side // 8) // 2) * 16 for side in size))]

    def one_stage(self):
        head = DPTDecodeHead(**arguments(1, **self.options))
        return head, self.inputs(2, ODD)[:1]


def twins(**kwargs) -> list:
    """mmseg's head and ours, with the same weights."""
    theirs = randomised(DPTHead(**arguments(**kwargs)))
    ours = DPTDecodeHead(**arguments(**kwargs)).double()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return [theirs, ours]


def assert_equal_to_mmseg(grid=(8, 8), train: bool = False, **kwargs):
    inputs = pairs(grid=grid)
    leaves = [tensor for pair in inputs for tensor in pair]
    results = []
    for head in twins(**kwargs):
        logits = head.train(train)(inputs)
        loss = (logits * torch.linspace(-1, 1, logits.numel()).view(
            logits.shape)).sum()
        gradients = torch.autograd.grad(
            loss, [*leaves, *head.parameters()],
            allow_unused=True,
            materialize_grads=True)
        results.append((logits, gradients, list(head.buffers())))
    (theirs, their_gradients, their_buffers), ours = results[0], results[1]
    torch.testing.assert_close(ours[0], theirs, atol=1e-8, rtol=1e-8)
    torch.testing.assert_close(
        list(ours[1]), list(their_gradients), atol=1e-8, rtol=1e-6)
    torch.testing.assert_close(ours[2], their_buffers)
    assert any(g.abs().max() > 0 for g in their_gradients)


@pytest.mark.parametrize('readout', READOUTS)
@pytest.mark.parametrize('train', [False, True])
def test_equals_mmseg(readout, train):
    assert_equal_to_mmseg(train=train, readout_type=readout)


@pytest.mark.parametrize('act_cfg', [
    dict(type='ReLU', inplace=True),
    dict(type='LeakyReLU', negative_slope=0.3),
    dict(type='GELU'),
    None,
])
def test_equals_mmseg_with_any_activation(act_cfg):
    assert_equal_to_mmseg(train=True, act_cfg=act_cfg)


@pytest.mark.parametrize('norm_cfg', [dict(type='GN', num_groups=2), None])
def test_equals_mmseg_with_other_norms(norm_cfg):
    assert_equal_to_mmseg(train=True, norm_cfg=norm_cfg)


@pytest.mark.parametrize('grid', [(15, 15), (5, 8), (1, 3)])
def test_equals_mmseg_on_odd_grids(grid):
    assert_equal_to_mmseg(grid=grid, readout_type='project')


def test_equals_mmseg_with_stages_in_another_order():
    assert_equal_to_mmseg(in_index=[2, 0, 3, -3])


def test_equals_mmseg_in_single_precision():
    theirs, ours = (head.eval().float() for head in twins(
        readout_type='project'))
    inputs = [[x.detach().float() for x in pair] for pair in pairs()]
    torch.testing.assert_close(
        ours(inputs), theirs(inputs), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(('readout', 'millions'), [('ignore', 19.148),
                                                   ('add', 19.148),
                                                   ('project', 23.870)])
def test_stock_config_switches_by_the_type(readout, millions):
    config = Config.fromfile(
        Path(mmseg.__file__).parent /
        '.mim/configs/_base_/models/dpt_vit-b16.py').model.decode_head
    config.update(readout_type=readout, num_classes=2)
    with torch.device('meta'):
        theirs = MODELS.build(config)
        ours = MODELS.build(dict(config, type='DPTDecodeHead')).eval()
        ours.load_state_dict(theirs.state_dict(), strict=True)
        theirs.load_state_dict(ours.state_dict(), strict=True)
        logits = ours([[torch.rand(3, 768, 16, 16),
                        torch.rand(3, 768)]] * 4)
    assert logits.shape == (3, 2, 128, 128)
    parameters = sum(p.numel() for p in ours.parameters())
    assert round(parameters / 1e6, 3) == millions


def as_written_in_the_paper(head, inputs, scales) -> torch.Tensor:
    """Section 3 of the paper from the weights, and the reference's fusion.

    Read, Concatenate, Resample_s; from the deepest stage on: residual conv
    units, x 2, 1 x 1 convolution; head. Evaluation mode.
    """
    weights = head.state_dict()

    def conv(x, name, **kwargs):
        return F.conv2d(x, weights[f'{name}.weight'],
                        weights.get(f'{name}.bias'), **kwargs)

    def norm(x, name):
        return F.batch_norm(x, weights[f'{name}.running_mean'],
                            weights[f'{name}.running_var'],
                            weights[f'{name}.weight'], weights[f'{name}.bias'])

    def residual_unit(x, name):
        y = x
        for i in (1, 2):
            y = conv(torch.relu(y), f'{name}.conv{i}.conv', padding=1)
            y = norm(y, f'{name}.conv{i}.bn')
        return x + y

    maps = []
    for i, ((x, readout), scale) in enumerate(zip(inputs, scales)):
        height, width = x.shape[2:]
        tokens = x.flatten(2).mT
        if head.reassemble_blocks.readout_type == 'add':
            tokens = tokens + readout[:, None]
        elif head.reassemble_blocks.readout_type == 'project':
            name = f'reassemble_blocks.readout_projects.{i}.0'
            both = torch.cat(
                [tokens, readout[:, None].expand_as(tokens)], dim=-1)
            tokens = F.gelu(
                F.linear(both, weights[f'{name}.weight'],
                         weights[f'{name}.bias']))
        x = tokens.mT.reshape(*tokens.mT.shape[:2], height, width)
        x = conv(x, f'reassemble_blocks.projects.{i}.conv')
        name = f'reassemble_blocks.resize_layers.{i}'
        if scale > 1:
            x = F.conv_transpose2d(
                x,
                weights[f'{name}.weight'],
                weights[f'{name}.bias'],
                stride=scale)
        elif scale < 1:
            x = conv(x, name, stride=round(1 / scale), padding=1)
        maps.append(conv(x, f'convs.{i}.conv', padding=1))
    out = 0
    for i, x in enumerate(reversed(maps)):
        name = f'fusion_blocks.{i}'
        if i > 0:
            x = F.interpolate(
                x, out.shape[2:], mode='bilinear', align_corners=False)
            x = residual_unit(x, f'{name}.res_conv_unit1')
        out = residual_unit(out + x, f'{name}.res_conv_unit2')
        out = F.interpolate(
            out, scale_factor=2, mode='bilinear', align_corners=True)
        out = conv(out, f'{name}.project.conv')
    out = torch.relu(norm(conv(out, 'project.conv', padding=1), 'project.bn'))
    return conv(out, 'conv_seg')


@pytest.mark.parametrize('readout', READOUTS)
@pytest.mark.parametrize('expand_channels', [False, True])
def test_equals_the_paper(readout, expand_channels):
    head = randomised(
        DPTDecodeHead(**arguments(
            readout_type=readout, expand_channels=expand_channels))).eval()
    inputs = pairs()
    torch.testing.assert_close(
        head(inputs), as_written_in_the_paper(head, inputs, (4, 2, 1, 0.5)))


@pytest.mark.parametrize(('stages', 'scales', 'default'), [
    (1, (0.5, ), True),
    (1, (4, ), False),
    (2, (1, 0.5), True),
    (3, (2, 1, 0.5), True),
    (3, (3, 1, 1 / 3), False),
    (4, (1, 1, 1, 1), False),
    (5, (8, 4, 2, 1, 0.5), True),
])
def test_any_number_of_stages(stages, scales, default):
    head = randomised(
        DPTDecodeHead(**arguments(
            stages,
            readout_type='project',
            reassemble_scales=None if default else scales))).eval()
    inputs = pairs(stages)
    out = head(inputs)
    coarsest = -(-8 * scales[-1] // 1)  # rounded up
    assert out.shape == (2, 3, *2 * [coarsest * 2**stages])
    torch.testing.assert_close(
        out, as_written_in_the_paper(head, inputs, scales))


def test_expand_channels_doubles_them_from_stage_to_stage():
    head = DPTDecodeHead(**arguments(expand_channels=True))
    expanded = [4, 10, 24, 56]
    projects = head.reassemble_blocks.projects
    assert [project.out_channels for project in projects] == expanded
    assert [conv.in_channels for conv in head.convs] == expanded
