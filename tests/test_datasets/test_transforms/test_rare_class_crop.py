"""RareClassCrop: the chance of every class, and what it has of AimedCrop."""
from collections import Counter

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmseg.registry import TRANSFORMS
from scipy import stats

from mmseg_ext.datasets import RareClassCrop


def results_of(label: np.ndarray) -> dict:
    rows, columns = np.indices(label.shape, dtype=np.uint8)
    return dict(img=np.stack([rows, columns, label], -1), img_path='a.png',
                gt_seg_map=label, seg_fields=['gt_seg_map'])


def bands() -> np.ndarray:
    """Classes 0 to 3 of 600, 240, 60 and 6 pixels, far apart; the rest 255."""
    label = np.full((40, 60), 255, np.uint8)
    label[:10] = 0
    label[16:20] = 1
    label[26:27] = 2
    label[34:36, :3] = 3
    return label


def aimed_at(count: int, **kwargs) -> np.ndarray:
    """Count the classes of crops of one pixel, which hold the pixel alone."""
    crop, label = RareClassCrop(1, prob=1, **kwargs), bands()
    found = Counter(int(crop(results_of(label))['gt_seg_map'][0, 0])
                    for _ in range(count))
    return np.array([found[i] for i in range(4)])


@pytest.mark.parametrize(('kwargs', 'chances'), [
    (dict(), [1 / 600, 1 / 240, 1 / 60, 1 / 6]),
    (dict(power=0), [1, 1, 1, 1]),
    (dict(power=0.5), [600**-0.5, 240**-0.5, 60**-0.5, 6**-0.5]),
    (dict(fractions=[0.5, 0.1, 0.2, 0.05]), [2, 10, 5, 20]),
    (dict(fractions=[0, 8, 4, 0]), [0, 1 / 8, 1 / 4, 0]),
])
def test_chance_of_every_class(kwargs, chances):
    set_random_seed(0)
    found, chances = aimed_at(1500, **kwargs), np.array(chances)
    expected = 1500 * chances / chances.sum()
    assert (found[expected == 0] == 0).all()
    there = expected > 0
    assert found.sum() == 1500
    squares = ((found - expected)[there]**2 / expected[there]).sum()
    assert stats.chi2.sf(squares, there.sum() - 1) > 0.001


def test_any_pixel_of_a_class_at_any_place_of_the_crop():
    set_random_seed(0)
    label = np.zeros((30, 30), np.uint8)
    label[10, 10] = label[20, 22] = 1
    crop = RareClassCrop((3, 4), prob=1, fractions=[0, 1])
    corners = Counter()
    for _ in range(4800):
        results = crop(results_of(label))
        assert (results['gt_seg_map'] == 1).sum() == 1
        assert results['img_shape'] == (3, 4)
        np.testing.assert_array_equal(results['img'][..., 2],
                                      results['gt_seg_map'])
        corners[tuple(results['img'][0, 0, :2].tolist())] += 1
    assert len(corners) == 24
    assert stats.chisquare(list(corners.values())).pvalue > 0.001


def test_nothing_to_aim_at():
    set_random_seed(0)
    nothing = np.full((8, 8), 255, np.uint8)
    for label, kwargs in ((nothing, {}),
                          (np.zeros_like(nothing), dict(fractions=[0, 1]))):
        crop = RareClassCrop(6, prob=1, **kwargs)
        corners = {tuple(crop(results_of(label))['img'][0, 0, :2].tolist())
                   for _ in range(100)}
        assert len(corners) == 9


def test_a_class_without_a_fraction():
    with pytest.raises(ValueError, match=r'class id 3, .* of 2 classes'):
        RareClassCrop(4, prob=1, fractions=[1, 2])(results_of(bands()))


def test_from_a_config_and_by_its_seed():
    init_default_scope('mmseg')
    crop = TRANSFORMS.build(dict(type='RareClassCrop', crop_size=[6, 4]))
    assert repr(crop) == ('RareClassCrop(crop_size=(6, 4), prob=0.5, '
                          'fractions=None, power=1.0, ignore_index=255)')
    drawn = []
    for seed in (3, 3, 4):
        set_random_seed(seed)
        drawn.append([crop(results_of(bands()))['img'][0, 0, :2].tolist()
                      for _ in range(20)])
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize('kwargs', [
    dict(prob=1.1), dict(fractions=[0, 0]), dict(fractions=[1, -1]),
    dict(fractions=[]), dict(power=-1), dict(crop_size=0)])
def test_bad_arguments(kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        RareClassCrop(**dict(dict(crop_size=4), **kwargs))
