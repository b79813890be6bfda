"""The DPT head against mmseg's, the paper's equations and real backbones."""
from pathlib import Path

import mmpretrain.models
import mmseg
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.models.backbones import VisionTransformer
from mmseg.models.decode_heads import DPTHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmseg_ext  # noqa: F401
from mmseg_ext.models.decode_heads.dpt import DPTDecodeHead

READOUTS = ['ignore', 'add', 'project']
EMBED = 12
POST = [4, 5, 6, 7]


def arguments(stages: int = 4, **kwargs) -> dict:
    """A small head's arguments; DPTHead takes them too, for four stages."""
    embed_dims = kwargs.get('embed_dims', EMBED)
    return {
        **dict(
            embed_dims=EMBED,
            post_process_channels=[*POST, 8][:stages],
            in_channels=[embed_dims] * stages,
            in_index=list(range(stages)),
            input_transform='multiple_select',
            channels=6,
            num_classes=3,
            dropout_ratio=0),
        **kwargs
    }


def randomised(head: torch.nn.Module, double: bool = True):
    """Give every weight and running statistic a value that matters."""
    for tensor in head.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(0.2 * torch.randn_like(tensor)).abs_().add_(-0.1)
    for name, buffer in head.named_buffers():
        if name.endswith('running_var'):
            buffer.abs_().add_(0.5)
    return head.double() if double else head


def pairs(stages: int = 4, grid=(8, 8), batch: int = 2):
    return [[
        torch.randn(
            batch, EMBED, *grid, dtype=torch.float64, requires_grad=True),
        torch.randn(batch, EMBED, dtype=torch.float64, requires_grad=True)
    ] for _ in range(stages)]


def to_tokens(pair) -> torch.Tensor:
    x, token = pair
    return torch.cat([token[:, None], x.flatten(2).mT], dim=1)


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


@pytest.mark.parametrize('batch', [1, 2, 3])
def test_maps_alone_for_the_readout_ignore(batch):
    head = randomised(DPTDecodeHead(**arguments())).eval()
    inputs = pairs(batch=batch)
    # In a batch of two a map would unpack into its two images.
    torch.testing.assert_close(
        head([x for x, _ in inputs]), head(inputs), atol=0, rtol=0)


@pytest.mark.parametrize('readout', READOUTS)
@pytest.mark.parametrize('grid', [(8, 8), (6, 9)])
def test_tokens_equal_pairs(readout, grid):
    head = randomised(
        DPTDecodeHead(**arguments(
            readout_type=readout,
            token_grid=None if grid == (8, 8) else grid))).eval()
    inputs = pairs(grid=grid)
    torch.testing.assert_close(
        head(tuple(to_tokens(pair) for pair in inputs)), head(inputs))


@pytest.mark.parametrize('readout', READOUTS)
def test_takes_the_features_of_mmseg(readout):
    backbone = VisionTransformer(
        img_size=64,
        patch_size=8,
        embed_dims=48,
        num_layers=4,
        num_heads=2,
        mlp_ratio=2,
        out_indices=(0, 1, 2, 3),
        output_cls_token=True)
    head = DPTDecodeHead(**arguments(embed_dims=48, readout_type=readout))
    images = torch.randn(2, 3, 64, 72)
    assert head(backbone(images)).shape == (2, 3, 64, 80)
    if readout == 'ignore':
        backbone.output_cls_token = False
        assert head(backbone(images)).shape == (2, 3, 64, 80)


@pytest.mark.parametrize(('out_type', 'readout'), [('featmap', 'ignore'),
                                                   ('raw', 'ignore'),
                                                   ('raw', 'add'),
                                                   ('raw', 'project')])
def test_takes_the_features_of_mmpretrain(out_type, readout):
    backbone = mmpretrain.models.VisionTransformer(
        arch=dict(
            embed_dims=48, num_layers=3, num_heads=2, feedforward_channels=96),
        img_size=64,
        patch_size=8,
        out_indices=[0, 1, 2],
        out_type=out_type)
    head = DPTDecodeHead(**arguments(3, embed_dims=48, readout_type=readout))
    logits = head(backbone(torch.randn(2, 3, 64, 64)))
    assert logits.shape == (2, 3, 32, 32)
    logits.square().mean().backward()
    assert torch.isfinite(backbone.patch_embed.projection.weight.grad).all()


def test_tokens_and_maps_of_mmpretrain_agree():
    backbone = mmpretrain.models.VisionTransformer(
        arch=dict(
            embed_dims=48, num_layers=2, num_heads=2, feedforward_channels=96),
        img_size=64,
        patch_size=8,
        out_indices=[0, 1],
        out_type='raw')
    backbone.eval()  # returns None
    head = DPTDecodeHead(
        **arguments(2, embed_dims=48, token_grid=(8, 6))).eval()
    images = torch.randn(2, 3, 64, 48)
    with torch.no_grad():
        from_tokens = head(backbone(images))
        backbone.out_type = 'featmap'
        torch.testing.assert_close(from_tokens, head(backbone(images)))


def samples(size=(64, 64), num_classes: int = 3) -> list:
    return [
        SegDataSample(
            gt_sem_seg=PixelData(data=torch.randint(num_classes, (1, *size))))
        for _ in range(2)
    ]


def test_auxiliary_loss():
    kwargs = arguments(
        loss_decode=[
            dict(type='CrossEntropyLoss'),
            dict(type='DiceLoss', loss_weight=3.0)
        ])
    head = randomised(DPTDecodeHead(**kwargs, aux_loss_weight=0.2)).eval()
    plain = DPTDecodeHead(**kwargs).double().eval()
    missing, unexpected = plain.load_state_dict(
        head.state_dict(), strict=False)
    assert not missing
    assert all(name.startswith('auxiliary.') for name in unexpected)
    inputs, truth = pairs(), samples()

    losses = head.loss(inputs, truth, None)
    expected = plain.loss(inputs, truth, None)
    for name in ('loss_ce', 'loss_dice', 'acc_seg'):
        torch.testing.assert_close(losses[name], expected[name])
    assert set(losses) == set(expected) | {f'aux_{n}' for n in expected}

    # The penultimate fusion's output, from the hook of its own module
    caught = []
    head.fusion_blocks[2].register_forward_hook(
        lambda module, args, out: caught.append(out))
    head(inputs)
    logits = F.interpolate(
        head.auxiliary(caught[0]), (64, 64),
        mode='bilinear',
        align_corners=False)
    labels = torch.cat([sample.gt_sem_seg.data for sample in truth])
    torch.testing.assert_close(losses['aux_loss_ce'],
                               0.2 * F.cross_entropy(logits, labels))
    accuracy = (logits.argmax(1) == labels).double().mean()
    torch.testing.assert_close(losses['aux_acc_seg'].item(),
                               100 * accuracy.item(), atol=1e-3, rtol=0)


def test_auxiliary_head_trains_in_a_segmentor():
    init_default_scope('mmseg')
    model = MODELS.build(
        dict(
            type='EncoderDecoder',
            data_preprocessor=dict(type='SegDataPreProcessor'),
            backbone=dict(
                type='VisionTransformer',
                img_size=64,
                embed_dims=EMBED,
                num_layers=2,
                num_heads=2,
                out_indices=(0, 1),
                output_cls_token=True),
            decode_head=dict(
                type='DPTDecodeHead',
                **arguments(2, readout_type='project', aux_loss_weight=0.2))))
    model.init_weights()
    classifier = model.decode_head.auxiliary.conv_seg
    assert classifier.bias.abs().max() == 0
    assert classifier.weight.std() < 0.02
    losses = model.loss(torch.randn(2, 3, 64, 64), samples())
    total, _ = model.parse_losses(losses)
    torch.testing.assert_close(
        total, losses['decode.loss_ce'] + losses['decode.aux_loss_ce'])
    total.backward()
    for name, parameter in model.decode_head.named_parameters():
        assert parameter.grad is not None, name


def test_dropout_is_that_of_the_config():
    head = DPTDecodeHead(**arguments(dropout_ratio=0.7, aux_loss_weight=0.2))
    assert head.auxiliary.dropout.p == head.dropout.p == 0.7


@pytest.mark.parametrize(('kwargs', 'message'), [
    (dict(readout_type='cat'), "readout_type='cat'.*'project'"),
    (dict(reassemble_scales=(4, 2, 1)), r'\(4, 2, 1\).*4 stages'),
    (dict(reassemble_scales=(4, 2, 1, 0)), 'integer n or 1 / n'),
    (dict(reassemble_scales=(4, 2, 1, -2)), 'integer n or 1 / n'),
    (dict(reassemble_scales=(4, 1.5, 1, 0.5)), 'integer n or 1 / n'),
    (dict(reassemble_scales=(4, 2, 1, 0.4)), 'integer n or 1 / n'),
    (dict(token_grid=(8, )), r'token_grid=\(8,\)'),
    (dict(token_grid=(0, 8)), r'token_grid=\(0, 8\)'),
    (dict(aux_loss_weight=-1), 'aux_loss_weight=-1'),
    (dict(in_channels=[768] * 4), r'\[768.*embed_dims=12.*\[12'),
    (dict(in_index=[0, 1, 2]), r'in_index=\[0, 1, 2\].*\[0, 1, 2, 3\]'),
    (dict(in_index=[0, 1, 2, 4]), r'in_index=\[0, 1, 2, 4\]'),
    (dict(in_channels=12, in_index=-1), 'in_channels=12'),
    (dict(input_transform=None), "None.*'multiple_select'"),
    (dict(post_process_channels=[]), 'at least one'),
])
def test_bad_arguments_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        DPTDecodeHead(**arguments(**kwargs))


def test_auxiliary_head_needs_two_stages():
    with pytest.raises(ValueError, match=r'1 stages.*two'):
        DPTDecodeHead(**arguments(1, aux_loss_weight=0.2))


@pytest.mark.parametrize('readout', ['add', 'project'])
@pytest.mark.parametrize('batch', [2, 3])
def test_map_without_class_token_is_named(readout, batch):
    head = DPTDecodeHead(**arguments(readout_type=readout))
    maps = [torch.randn(batch, EMBED, 8, 8)] * 4
    with pytest.raises(
            ValueError, match=r"output_cls_token=True.*out_type='raw'"):
        head(maps)


@pytest.mark.parametrize(('inputs', 'message'), [
    ([torch.rand(2, EMBED, 8, 8)] * 3, '3 entries.*4 entries'),
    ([torch.rand(2, EMBED, 8, 8)] * 5, '5 entries.*4 entries'),
    # Four images, not four stages
    (torch.rand(4, EMBED, 8, 8), r'\(4, 12, 8, 8\).*list or tuple'),
    ([torch.rand(2, 9, 8, 8)] * 4, r'\(2, 9, 8, 8\).*embed_dims=12'),
    ([torch.rand(2, 65, 9)] * 4, r'\(2, 65, 9\).*embed_dims=12'),
    ([(torch.rand(2, 9, 8, 8), torch.rand(2, 9))] * 4, 'embed_dims=12'),
    ([(torch.rand(2, EMBED, 8, 8), torch.rand(2, 9))] * 4, r'\(2, 9\)'),
    ([(torch.rand(2, EMBED, 8, 8), torch.rand(1, EMBED))] * 4, r'\(1, 12\)'),
    ([[torch.rand(2, EMBED, 8, 8)]] * 4, 'a list of'),
    ([torch.rand(2, EMBED)] * 4, r'Stage 0.*\(2, 12\)'),
    ([None] * 4, 'NoneType'),
    ([torch.rand(2, 64, EMBED)] * 4, '64 tokens.*square.*token_grid'),
    ([torch.rand(2, 55, EMBED)] * 4, '55 tokens'),
    ([torch.rand(2, 1, EMBED)] * 4, '1 tokens'),
])
def test_bad_inputs_are_named(inputs, message):
    with pytest.raises(ValueError, match=message):
        DPTDecodeHead(**arguments())(inputs)


def test_tokens_that_do_not_fit_the_grid_are_named():
    head = DPTDecodeHead(**arguments(token_grid=(6, 9)))
    with pytest.raises(ValueError, match=r'65 tokens.*6 x 9'):
        head([torch.rand(2, 65, EMBED)] * 4)


@pytest.mark.parametrize('readout', READOUTS)
@pytest.mark.parametrize('form', [list, to_tokens])
def test_exports(readout, form):
    head = randomised(
        DPTDecodeHead(**arguments(
            readout_type=readout, aux_loss_weight=0.2))).eval()
    with torch.no_grad():
        inputs = [form(pair) for pair in pairs()]
        exported = torch.export.export(head, (inputs, )).module()
        torch.testing.assert_close(exported(inputs), head(inputs))


@pytest.mark.parametrize('readout', READOUTS)
def test_bfloat16_autocast_stays_finite(readout):
    head = DPTDecodeHead(**arguments(readout_type=readout))
    inputs = [[100 * x.detach().float() for x in pair] for pair in pairs()]
    with torch.autocast('cpu', torch.bfloat16):
        out = head(inputs)
    out.float().square().mean().backward()
    assert torch.isfinite(out).all()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
