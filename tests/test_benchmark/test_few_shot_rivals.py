"""What matching is compared with finds coloured squares, too."""
import numpy as np
import pytest
from colour_encoder import RED, colour_encoder, mask_of, picture
from mmengine.config import Config

from mmseg_ext.benchmark.few_shot import matcher_rows, measure
from mmseg_ext.benchmark.few_shot_rivals import (
    contrast_row,
    patchcore_row,
    unet_row,
)
from mmseg_ext.inference.few_shot import Labelled

SIZE = (64, 64)


def shown(count, first=0):
    images = [picture((RED, 8 + 4 * i, 16, 16), size=SIZE, seed=first + i)
              for i in range(count)]
    return [Labelled(str(i), image, mask_of(image))
            for i, image in enumerate(images)]


def good(count, first=20):
    return [Labelled(str(i), picture(size=SIZE, seed=first + i))
            for i in range(count)]


QUERIES = [*shown(2, 40), *good(2, 60)]


def test_contrast_draws_the_outline_anew():
    matcher = matcher_rows(colour_encoder(), ['dense'])['dense']
    margins, left_out = contrast_row(matcher)(shown(3), good(2))
    found = measure(margins, QUERIES)
    assert found['IoU'] > 70
    assert found['image AUROC'] == 100
    assert left_out > 0.5
    assert (margins(QUERIES[2].image) <= 0).all()


@pytest.fixture
def tiny_unet(tmp_path):
    norm = dict(type='SyncBN', requires_grad=True)
    Config(dict(model=dict(
        type='EncoderDecoder',
        data_preprocessor=dict(
            type='SegDataPreProcessor', mean=[120.] * 3, std=[50.] * 3,
            size_divisor=32, test_cfg=dict(size_divisor=32)),
        backbone=dict(
            type='ResNet', depth=18, base_channels=8, stem_channels=8,
            num_stages=2, strides=(1, 2), dilations=(1, 1),
            out_indices=(0, 1), norm_cfg=norm),
        decode_head=dict(
            type='UNetDecodeHead', in_channels=[8, 16],
            decoder_channels=[8], num_classes=5, norm_cfg=norm,
            align_corners=False),
        test_cfg=dict(mode='whole')))).dump(tmp_path / 'unet.py')
    return str(tmp_path / 'unet.py')


def test_unet_learns_from_what_is_shown(tiny_unet):
    learn = unet_row(80, config=tiny_unet, device='cpu')
    margins, left_out = learn(shown(3), good(2))
    assert np.isnan(left_out)
    found = measure(margins, QUERIES)
    assert found['pixel AP'] > 80
    assert margins(np.zeros((40, 50, 3), np.uint8)).shape == (40, 50)


def test_unet_ends_by_the_clock(tiny_unet):
    learn = unet_row(10**6, seconds=0.01, config=tiny_unet, device='cpu')
    learn(shown(1), [])


def test_patchcore():
    pytest.importorskip('anomalib', reason='needs the extra patchcore')
    margins, left_out = patchcore_row(colour_encoder(), (4, 8))(
        [], good(3))
    assert np.isnan(left_out)
    found = measure(margins, QUERIES)
    assert found['image AUROC'] == 100
    assert found['pixel AP'] > 60
    few = patchcore_row(colour_encoder(), (4, 8), coreset=0.2)([], good(1))
    assert measure(few[0], QUERIES)['image AUROC'] == 100
    with pytest.raises(ValueError, match='strides'):
        patchcore_row(colour_encoder(), (4, 16))


def test_patchcore_names_its_extra():
    try:
        import anomalib  # noqa: F401
    except ImportError:
        with pytest.raises(ImportError, match=r'\[patchcore\]'):
            patchcore_row(colour_encoder(), (4, 8))
