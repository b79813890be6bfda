"""Rivals: the same sizes as the model, and losses worked out once more."""
import importlib.util

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config

from mmseg_ext.benchmark.speed_rivals import (
    RIVALS,
    build_network,
    missing,
    source_of,
)

CHANNELS = [8, 16, 40, 64]


def tiny(**backbone) -> Config:
    """The proposed model at a size that takes no time, without dropout."""
    return Config(dict(
        custom_imports=dict(imports=['mmseg_ext']),
        model=dict(
            type='EncoderDecoder',
            data_preprocessor=dict(type='SegDataPreProcessor'),
            backbone=dict(
                type='FusedMixVisionTransformer', embed_dims=8,
                num_layers=[1, 1, 1, 1], num_heads=[1, 2, 5, 8], **backbone),
            neck=dict(
                type='MultiScaleCrossAttentionNeck', in_channels=CHANNELS),
            decode_head=dict(
                type='FusedSegformerHead', in_channels=[16, 32, 80, 64],
                in_index=[0, 1, 2, 3], channels=16, num_classes=3,
                dropout_ratio=0.0, align_corners=False,
                norm_cfg=dict(type='BN')),
            train_cfg=dict(),
            test_cfg=dict(mode='whole'))))


@pytest.fixture
def source():
    return source_of(tiny())


def count(module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_source_of_a_config(source):
    assert source.num_classes == 3
    assert source.imports == ('mmseg_ext', )
    assert missing(source) == ''


def test_stock_has_the_same_state(source):
    networks = [build_network(x) for x in (source, RIVALS['stock'](source))]
    ours, theirs = (network.segmentor for network in networks)
    assert type(theirs.backbone).__name__ == 'MixVisionTransformer'
    assert type(theirs.decode_head).__name__ == 'SegformerHead'
    assert type(theirs.neck) is type(ours.neck)
    theirs.load_state_dict(ours.state_dict())  # strict
    image = torch.randn(1, 3, 64, 64)
    a, b = (network.eval()(image) for network in networks)
    assert a.shape == (1, 3, 64, 64)
    torch.testing.assert_close(a, b, rtol=0, atol=1e-5)


def test_plain_has_no_neck(source):
    plain = RIVALS['plain'](source)
    assert 'neck' not in plain.arguments
    assert plain.arguments['decode_head']['in_channels'] == CHANNELS
    assert source.arguments['decode_head']['in_channels'] == [16, 32, 80, 64]
    assert build_network(plain)(torch.zeros(1, 3, 64, 32)).shape == (
        1, 3, 64, 32)
    # of a model that has none it is the stock model
    assert RIVALS['plain'](plain) == plain == RIVALS['stock'](plain)


def test_huggingface_has_the_same_encoder(source):
    pytest.importorskip('transformers')
    theirs = build_network(RIVALS['hf'](source)).model
    plain = build_network(RIVALS['plain'](source)).segmentor
    assert count(theirs.segformer) == count(plain.backbone)
    # mmseg normalises each stage (scale, shift); there, a bias
    assert count(plain.decode_head) - count(theirs.decode_head) == 4 * 16


def test_huggingface_drops_as_much():
    source = source_of(tiny(drop_rate=0.1, drop_path_rate=0.2))
    arguments = RIVALS['hf'](source).arguments
    assert arguments['hidden_dropout_prob'] == 0.1
    assert arguments['drop_path_rate'] == 0.2
    assert arguments['classifier_dropout_prob'] == 0.0


@pytest.mark.parametrize('rival', ['', 'stock', 'plain', 'hf'])
def test_loss(source, rival):
    if rival == 'hf':
        pytest.importorskip('transformers')
    network = build_network(RIVALS[rival](source) if rival else source).eval()
    image = torch.randn(2, 3, 64, 64)
    labels = torch.randint(3, (2, 64, 64))
    logits = network(image)
    assert logits.shape == (2, 3, 64, 64)
    torch.testing.assert_close(
        network.loss(image, labels), F.cross_entropy(logits, labels))
    labels[0] = 255
    # mmseg divides by all pixels, the others by those that count
    fraction = 1 if rival == 'hf' else 0.5
    torch.testing.assert_close(
        network.loss(image, labels),
        fraction * F.cross_entropy(logits[1:], labels[1:]))


def test_segmentation_models_needs_a_size_it_has(source):
    with pytest.raises(ValueError, match=r'num_layers=\[1, 1, 1, 1\]: the li'):
        RIVALS['smp'](source)


def test_segmentation_models(source):
    model = source.arguments
    model['backbone'].update(embed_dims=32, num_layers=[2, 2, 2, 2])
    model['neck']['in_channels'] = [32, 64, 160, 256]
    theirs = RIVALS['smp'](source)
    assert theirs.arguments['encoder_name'] == 'mit_b0'
    if importlib.util.find_spec('segmentation_models_pytorch') is None:
        assert 'pip install segmentation-models-pytorch' in missing(theirs)
        return
    network = build_network(theirs).eval()
    plain = build_network(RIVALS['plain'](source)).segmentor
    assert count(network.model.encoder) == count(plain.backbone)
    image, labels = torch.randn(1, 3, 64, 64), torch.randint(3, (1, 64, 64))
    torch.testing.assert_close(
        network.loss(image, labels), F.cross_entropy(network(image), labels))


def test_other_models_have_fewer_rivals(source):
    source.arguments['decode_head']['type'] = 'mmseg.FCNHead'
    for rival in ('hf', 'smp'):
        with pytest.raises(ValueError, match='with FCNHead is no SegFormer'):
            RIVALS[rival](source)
    del source.arguments['neck']['in_channels']
    with pytest.raises(ValueError, match='has no in_channels'):
        RIVALS['plain'](source)
