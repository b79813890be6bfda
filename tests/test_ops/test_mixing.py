"""Mixing two batches by masks, against what a hand would write."""
import pytest
import torch

from mmseg_ext.ops import block_mask, class_mask, mix, rectangle_mask

IMAGES = torch.arange(24.).view(2, 1, 3, 4)
LABELS = torch.arange(24).view(2, 3, 4)


@pytest.mark.parametrize('source', [IMAGES, LABELS, LABELS / 24])
def test_ones_are_the_source_and_zeros_the_target(source):
    target = source.flip(0)
    ones = torch.ones(2, 3, 4, dtype=torch.bool)
    assert torch.equal(mix(ones, source, target), source)
    assert torch.equal(mix(~ones, source, target), target)
    mask = torch.tensor([[[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]],
                         [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]]).bool()
    mixed = mix(mask, source, target)
    expected = target.clone()
    expected[0, ..., 0, 0] = source[0, ..., 0, 0]
    expected[0, ..., 2, 3] = source[0, ..., 2, 3]
    expected[1, ..., 1, 1] = source[1, ..., 1, 1]
    assert torch.equal(mixed, expected)


@pytest.mark.parametrize('classes, chosen', [
    ([0, 1], 1), ([0, 1, 2], 2), ([4], 1), ([1, 3, 5, 7], 2),
    ([0, 1, 255], 1), ([2, 255], 1), ([255], 0)])
def test_half_of_an_images_own_classes(classes, chosen):
    one = torch.tensor(classes)[torch.arange(60) % len(classes)].view(6, 10)
    other = torch.full_like(one, 9)
    seen = set()
    for seed in range(20):
        torch.manual_seed(seed)
        mask = class_mask(torch.stack([one, other]))
        assert mask[1].all()  # a single class, which is not in the first
        pasted = set(one[mask[0]].tolist())
        assert len(pasted) == chosen and 255 not in pasted
        # all of a class, or nothing
        assert not pasted & set(one[~mask[0]].tolist())
        seen |= pasted
    assert seen == set(classes) - {255}


def test_ignored_is_what_is_named_so():
    labels = torch.tensor([[[0, 0, 7, 7]]])
    assert class_mask(labels, 7).tolist() == [[[True, True, False, False]]]


def test_a_rectangle_of_half_of_the_area():
    torch.manual_seed(0)
    masks = rectangle_mask(200, 60, 80)
    heights, tops = set(), set()
    for mask in masks:
        rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
        height, width = len(rows), len(columns)
        assert mask.sum() == height * width  # filled
        assert height * width == pytest.approx(60 * 80 / 2, rel=0.03)
        assert 30 <= height <= 60 and 40 <= width <= 80
        heights.add(height)
        tops.add(int(rows[0]))
    assert len(heights) > 20 and {0} < tops


def test_blocks_of_a_grid():
    torch.manual_seed(0)
    masks = block_mask(40, 50, 70, block=16, ratio=0.7)
    assert masks.shape == (40, 50, 70)
    for top in range(0, 50, 16):
        for left in range(0, 70, 16):
            block = masks[:, top:top + 16, left:left + 16].flatten(1)
            assert torch.equal(block.any(1), block.all(1))
    cells = masks[:, ::16, ::16]
    assert cells.shape == (40, 4, 5)
    assert float(cells.float().mean()) == pytest.approx(0.7, abs=0.05)
    assert not block_mask(2, 8, 8, 4, 0.0).any()
    assert block_mask(2, 8, 8, 4, 1.0).all()
