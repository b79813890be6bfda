"""Costs of models whose numbers are worked out by hand."""
import math

import pytest
from mmseg.registry import MODELS
from torch import nn

from mmseg_ext.benchmark import measure_costs
from mmseg_ext.benchmark.measure import STATUS


@MODELS.register_module()
class OneConv(nn.Module):
    """A backbone of one convolution, 3 -> 4 channels, stride 2."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)

    def forward(self, x):
        return (self.conv(x), )


def tiny(**head):
    return dict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor'),
        backbone=dict(type='OneConv'),
        decode_head=dict(
            type='FCNHead', num_convs=0, concat_input=False, in_channels=4,
            in_index=0, channels=4, num_classes=2, dropout_ratio=0, **head),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'))


def test_auxiliary_heads_are_not_deployed():
    auxiliary = dict(tiny()['decode_head'])
    cost = measure_costs(
        dict(a=dict(tiny(), auxiliary_head=[auxiliary, auxiliary]), b=tiny()),
        (8, 12), repeats=2)
    assert cost['a']['parameters'] == cost['b']['parameters']


def test_by_hand():
    costs = measure_costs(
        dict(tiny=tiny(), broken=tiny(align_corner=1)), (8, 12), repeats=2)
    cost = costs['tiny']
    # conv and classifier, with their biases
    assert cost['parameters'] == (3 * 4 * 9 + 4) + (4 * 2 + 2)
    # on 4 x 6 positions; then resized to 8 x 12, 4 for each of 2 channels
    assert cost['flops'] == 24 * (3 * 4 * 9 + 4 * 2) + 4 * 2 * 8 * 12
    assert cost['uncounted'] == {}
    # 8 x 12 -> 4 x 6, and the classifier on that
    assert cost['cio'] == (3 * 96 + 4 * 24) + (4 * 24 + 2 * 24)
    low, high = cost['quartiles']
    assert 0 < low <= cost['milliseconds'] <= high < math.inf
    assert 'align_corner' in costs['broken']['error']
    assert 'memory' not in costs['broken']
    # pages are 4 KB, and all of it fits into what is left over
    assert cost['memory'] is None or 0 <= cost['memory'] < 2**24


@pytest.mark.skipif(not STATUS.exists(), reason='Linux tells it alone')
def test_memory_is_that_of_the_maps():
    cost = measure_costs(dict(tiny=tiny()), (2048, 2048), repeats=2)['tiny']
    logits = 2 * 2048 * 2048 * 4  # bytes, enlarged to the image's size
    maps = (4 + 2) * 1024 * 1024 * 4  # at stride 2
    assert logits < cost['memory'] < 3 * (logits + maps)


def test_too_few_repeats():
    with pytest.raises(ValueError, match='repeats=1: must be at least 2'):
        measure_costs({}, (8, 8), repeats=1)
