"""Networks of every family that takes conv_cfg: built, counted, trained."""
from copy import deepcopy

import pytest
import torch
from mmcv.cnn import ConvModule
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from model_tests import randomised
from torch import nn

from mmseg_ext.models.convolutions import describe_replaced

SEPARABLE = dict(type='SeparableConv2d')
BN = dict(type='BN')
RESNET = dict(
    type='ResNetV1c', depth=18, stem_channels=16, base_channels=8,
    num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(0, 1))
UNET = dict(
    type='UNet', base_channels=8, num_stages=2, strides=(1, 1),
    enc_num_convs=(1, 1), dec_num_convs=(1, ), downsamples=(True, ),
    enc_dilations=(1, 1), dec_dilations=(1, ))


def head(kind: str, channels, **options) -> dict:
    return dict(type=kind, in_channels=channels, channels=8, **options)


# name -> backbone, head, convolutions that are replaced
FAMILIES = dict(
    unet=(UNET, head('FCNHead', 8, num_convs=1, concat_input=False), 3),
    resunet=(dict(type='ResUNet', channels=(8, 12)),
             head('FCNHead', 8, num_convs=1, concat_input=False), 6),
    fcn=(RESNET, head('FCNHead', 16, num_convs=1), 12),
    psp=(RESNET, head('PSPHead', 16, pool_scales=(1, 2)), 11),
    uper=(RESNET, head('UPerHead', [8, 16], in_index=[0, 1],
                       pool_scales=(1, 2)), 13),
    unet_head=(RESNET, dict(type='UNetDecodeHead', in_channels=[8, 16],
                            decoder_channels=[8]), 12),
)


def build(backbone: dict, decode_head: dict, conv_cfg=SEPARABLE):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    config = dict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor'),
        backbone=dict(backbone, conv_cfg=conv_cfg, norm_cfg=BN),
        decode_head=dict(decode_head, conv_cfg=conv_cfg, norm_cfg=BN,
                         num_classes=3, dropout_ratio=0))
    network = MODELS.build(deepcopy(config))
    network.init_weights()
    return network, config


@pytest.mark.parametrize('family', FAMILIES)
def test_families(family):
    backbone, decode_head, replaced = FAMILIES[family]
    network, config = build(backbone, decode_head)
    dense, _ = build(backbone, decode_head, None)
    total = sum(isinstance(layer, nn.Conv2d) for layer in dense.modules())
    assert describe_replaced(network, config) == [
        f'{replaced} of {total} convolutions are SeparableConv2d']
    samples = [SegDataSample(
        gt_sem_seg=PixelData(data=torch.randint(3, (1, 32, 32))),
        metainfo=dict(img_shape=(32, 32), ori_shape=(32, 32)))] * 2
    losses = network.loss(torch.randn(2, 3, 32, 32), samples)
    network.parse_losses(losses)[0].backward()
    for name, weight in network.named_parameters():
        assert weight.grad.isfinite().all(), name
        # what a residual block starts as 0 lets none through
        assert weight.grad.any() or family not in ('unet', 'resunet'), name


def test_both_types_and_none():
    network = nn.ModuleList(
        MODELS.build(dict(
            type='ResUNet', channels=(8, 12), conv_cfg=dict(type=kind)))
        for kind in ('SeparableConv2d', 'GroupedConv2d'))
    assert describe_replaced(network, {}) == [
        '5 of 18 convolutions are SeparableConv2d',
        '5 of 18 convolutions are GroupedConv2d']
    plain = nn.Conv2d(8, 8, 3)
    assert describe_replaced(plain, dict(conv_cfg=None)) == []
    assert describe_replaced(plain, dict(heads=[dict(conv_cfg=SEPARABLE)])) \
        == ['0 of 1 convolutions are SeparableConv2d']


def test_an_encoder_of_timm_says_what_to_do():
    pytest.importorskip('timm')
    with pytest.raises(ValueError, match=r'Set it for the head: model\.dec'):
        MODELS.build(dict(
            type='TimmBackbone', model_name='resnet10t', conv_cfg=SEPARABLE))


def test_a_dpt_head_takes_it():
    decode_head = dict(
        type='DPTDecodeHead', embed_dims=8, channels=8, num_classes=3,
        in_channels=[8, 8], in_index=[0, 1], post_process_channels=[8, 8],
        input_transform='multiple_select', aux_loss_weight=0.1)
    plain, separable = (
        MODELS.build(dict(decode_head, conv_cfg=conv_cfg))
        for conv_cfg in (None, SEPARABLE))
    (text, ) = describe_replaced(separable, {})
    count = sum(isinstance(layer, nn.Conv2d) for layer in plain.modules())
    # two maps, three residual units of two, project, auxiliary
    assert text == f'10 of {count} convolutions are SeparableConv2d'


def test_onnx_file():
    pytest.importorskip('onnxscript', reason='needs the extra export')
    runtime = pytest.importorskip('onnxruntime')
    net = randomised(nn.Sequential(
        ConvModule(8, 16, 3, padding=1, conv_cfg=SEPARABLE, norm_cfg=BN),
        ConvModule(16, 8, 3, 2, conv_cfg=dict(SEPARABLE, mid_norm=True)),
        ConvModule(8, 8, 3, conv_cfg=dict(type='GroupedConv2d')))).eval()
    x = torch.randn(1, 8, 16, 24)
    with torch.no_grad():
        program = torch.onnx.export(net, (x, ), dynamo=True, verbose=False)
        expected = net(x)
    session = runtime.InferenceSession(
        program.model_proto.SerializeToString())
    outs = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    torch.testing.assert_close(
        torch.from_numpy(outs[0]), expected, atol=1e-4, rtol=1e-4)
