"""How many classes the heads of a config have."""
from mmengine.hub import get_config

from mmseg_ext.basics.class_counts import class_counts


def test_heads_and_lists_of_heads():
    model = dict(
        decode_head=dict(type='FCNHead', num_classes=19),
        auxiliary_head=[dict(type='FCNHead', num_classes=19),
                        dict(type='mmseg.STDCHead', num_classes=2)],
        head=None)
    assert list(class_counts(model)) == [
        ('decode_head', 19), ('auxiliary_head.0', 19)]
    assert not list(class_counts(dict(backbone=dict(num_classes=5))))


def test_boundaries_are_no_classes():
    model = get_config('mmseg::stdc/stdc1_4xb12-80k_cityscapes-512x1024.py'
                       ).model
    assert {count for _, count in class_counts(model)} == {19}
