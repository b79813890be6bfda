import pytest
import torch

from mmseg_ext.models.distillation import as_maps, match_maps

TIMM = 2, 4, 8, 16, 32


@pytest.mark.parametrize(('student', 'expected'), [
    # MiT, ResNet, Swin: each its own; stride 2 is beyond them
    ((4, 8, 16, 32), [(0, 1), (1, 2), (2, 3), (3, 4)]),
    # all of them, as MobileViT
    ((2, 4, 8, 16, 32), [(i, i) for i in range(5)]),
    # a ViT: shallow to shallow, deep to deep
    ((16, 16, 16, 16), [(0, 1), (1, 2), (2, 3), (3, 4)]),
    ((16, 16), [(0, 1), (0, 2), (1, 3), (1, 4)]),
    # mmseg's UNet: coarsest first, none at stride 32
    ((16, 8, 4, 2, 1), [(3, 0), (2, 1), (1, 2), (0, 3), (0, 4)]),
    # a classifier: what is not too fine for it
    ((32, ), [(0, 2), (0, 3), (0, 4)]),
])
def test_maps_learn_those_of_the_nearest_stride(student, expected):
    assert match_maps(student, TIMM) == expected


def test_the_deepest_of_several_learns_a_single_one():
    assert match_maps((16, 16, 16), (16, )) == [(2, 0)]


def test_nothing_is_near_enough():
    assert match_maps((64, ), (4, 8)) == []


def test_tokens_become_maps():
    grid = torch.randn(2, 5, 4, 4)
    tokens = grid.flatten(2).transpose(1, 2)
    with_class = torch.cat([torch.randn(2, 1, 5), tokens], dim=1)
    for features in ((tokens, ), [with_class], [(grid, torch.randn(2, 5))],
                     grid, (grid, )):
        found, = as_maps(features, 'Net')
        assert torch.equal(found, grid)


@pytest.mark.parametrize('features', [
    (), None, torch.randn(2, 5), [torch.randn(2, 5)],
    [torch.randn(2, 5, 4, 4), torch.randn(2, 5)],
    [torch.randn(2, 7, 5)],  # no square
])
def test_what_is_no_map(features):
    with pytest.raises(ValueError, match=r'Net returns .* no maps'):
        as_maps(features, 'Net')
