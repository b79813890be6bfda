"""What the DPT head takes, refuses, and adds to mmseg's."""
import mmpretrain.models
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.models.backbones import VisionTransformer
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from tiny_dpt import EMBED, READOUTS, arguments, pairs, randomised, to_tokens

import mmseg_ext  # noqa: F401
from mmseg_ext.models.decode_heads.dpt import DPTDecodeHead


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
    # N(0, 1 / sqrt(6)), see test_classifier_init.py
    assert 0.2 < classifier.weight.std() < 0.7
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


@pytest.mark.parametrize(('readout', 'form'), [
    ('ignore', list), ('add', list), ('project', to_tokens)])
def test_exports(readout, form):
    head = randomised(
        DPTDecodeHead(**arguments(
            readout_type=readout, aux_loss_weight=0.2))).eval()
    with torch.no_grad():
        inputs = [form(pair) for pair in pairs()]
        exported = torch.export.export(head, (inputs, )).module()
        torch.testing.assert_close(exported(inputs), head(inputs))


