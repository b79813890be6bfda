"""RandomQuarterTurn pixel by pixel."""
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from mmseg_ext.datasets import RandomQuarterTurn

HEIGHT, WIDTH = 3, 5
IMAGE = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint16).reshape(
    HEIGHT, WIDTH, 3)
MASK = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH)


def turned(pixels: np.ndarray, turns: int) -> np.ndarray:
    """Turn against the clock, one pixel after the other."""
    for _ in range(turns):
        height, width = pixels.shape[:2]
        out = np.empty((width, height, *pixels.shape[2:]), pixels.dtype)
        for row in range(height):
            for column in range(width):
                out[width - 1 - column, row] = pixels[row, column]
        pixels = out
    return pixels


def turn(transform) -> tuple[int, dict]:
    results = transform(dict(
        img=IMAGE, gt_seg_map=MASK, gt_weak=MASK + 1,
        seg_fields=['gt_seg_map', 'gt_weak'], img_shape=MASK.shape))
    turns, = [k for k in range(4) if np.array_equal(results['gt_seg_map'],
                                                    turned(MASK, k))]
    return turns, results


def test_image_and_masks_turn_together():
    np.random.seed(0)
    found = Counter()
    for _ in range(600):
        turns, results = turn(RandomQuarterTurn(prob=0.6))
        found[turns] += 1
        np.testing.assert_array_equal(results['img'], turned(IMAGE, turns))
        np.testing.assert_array_equal(results['gt_weak'],
                                      turned(MASK + 1, turns))
        assert results['img_shape'] == results['gt_seg_map'].shape == (
            (WIDTH, HEIGHT) if turns % 2 else (HEIGHT, WIDTH))
        assert results['img'].flags['C_CONTIGUOUS']
        assert results['img'].dtype == np.uint16
    expected = [240, 120, 120, 120]
    assert stats.chisquare([found[k] for k in range(4)],
                           expected).pvalue > 0.001


def test_never_and_always():
    assert {turn(RandomQuarterTurn(prob=0))[0] for _ in range(20)} == {0}
    assert {turn(RandomQuarterTurn(prob=1))[0] for _ in range(60)} == {1, 2, 3}


def test_an_image_without_a_mask():
    results = RandomQuarterTurn(prob=1)(dict(img=IMAGE))
    assert results['img'].size == IMAGE.size


@pytest.mark.parametrize('prob', [-0.1, 1.5])
def test_bad_arguments(prob):
    with pytest.raises(ValueError, match='prob'):
        RandomQuarterTurn(prob=prob)
