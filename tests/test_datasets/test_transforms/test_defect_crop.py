"""DefectCrop against all crops of an image, counted one by one."""
import itertools
from collections import Counter

import numpy as np
import pytest
from mmcv.transforms.utils import cache_random_params
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmseg.datasets.transforms import RandomCrop
from mmseg.registry import TRANSFORMS
from scipy import stats

from mmseg_ext.datasets.transforms import DefectCrop

HEIGHT, WIDTH = 20, 15
CROP = (6, 4)


def results_of(label: np.ndarray) -> dict:
    """An image whose pixels hold their row and column, and its label."""
    rows, columns = np.indices(label.shape, dtype=np.uint8)
    return dict(
        img=np.stack([rows, columns, label], axis=-1),
        gt_seg_map=label.copy(),
        img_path='image.png',
        img_shape=label.shape,
        seg_fields=['gt_seg_map'])


def label_with(*regions, size=(HEIGHT, WIDTH)) -> np.ndarray:
    """Draw (rows, columns) or (rows, columns, class id)."""
    label = np.zeros(size, np.uint8)
    for rows, columns, *class_id in regions:
        label[rows, columns] = class_id[0] if class_id else 1
    return label


def corners(label, count, **kwargs) -> list:
    """Rows and columns of the first pixel of ``count`` crops."""
    crop, results, drawn = DefectCrop(CROP, **kwargs), results_of(label), []
    for _ in range(count):
        image = crop(dict(results))['img']
        assert image.shape[:2] == CROP
        drawn.append(tuple(image[0, 0, :2].tolist()))
    return drawn


def all_corners() -> list:
    return list(itertools.product(range(HEIGHT - CROP[0] + 1),
                                  range(WIDTH - CROP[1] + 1)))


def holds(label, corner) -> bool:
    rows, columns = (slice(start, start + length)
                     for start, length in zip(corner, CROP))
    return bool((label[rows, columns] == 1).any())


def assert_uniform(drawn, expected) -> None:
    """Every expected corner occurs, all about as often, and no other one."""
    counts = Counter(drawn)
    assert set(counts) == set(expected)
    mean = len(drawn) / len(expected)
    found = np.array(list(counts.values()))
    assert abs(found - mean).max() < 5 * mean**0.5


@pytest.fixture(autouse=True)
def _seed():
    set_random_seed(0)


SPOT = (slice(3, 5), slice(2, 4))
SCRATCH = (slice(13, 15), slice(2, 13))


@pytest.mark.parametrize('defect_prob', [0, 0.3, 0.8, 1])
@pytest.mark.parametrize('regions', [[SPOT], [SPOT, SCRATCH]])
def test_fraction_of_crops_with_a_defect(regions, defect_prob):
    label = label_with(*regions)
    by_chance = np.mean([holds(label, corner) for corner in all_corners()])
    assert 0.1 < by_chance < 0.7
    expected = defect_prob + (1 - defect_prob) * by_chance
    drawn = corners(label, 2000, defect_prob=defect_prob)
    found = np.mean([holds(label, corner) for corner in drawn])
    deviation = (expected * (1 - expected) / 2000)**0.5
    assert abs(found - expected) <= 4 * deviation  # 0 where it is 1


@pytest.mark.parametrize('label', [
    label_with(),
    label_with((*SPOT, 255), (*SCRATCH, 2)),  # none of class 1
])
def test_any_crop_of_an_image_without_defects(label):
    assert_uniform(corners(label, 7200, defect_prob=1), all_corners())


def test_any_crop_where_defects_are_not_aimed_at():
    label = label_with(SPOT, SCRATCH)
    assert_uniform(corners(label, 7200, defect_prob=0), all_corners())


@pytest.mark.parametrize('pixel', [
    (9, 7),  # every place of the crop
    (0, 0), (0, 14), (19, 0), (19, 14), (2, 13), (18, 6)
])
def test_a_pixel_is_at_any_place_that_the_edges_leave(pixel):
    label = label_with(pixel)
    expected = [corner for corner in all_corners() if holds(label, corner)]
    if pixel == (9, 7):
        assert len(expected) == CROP[0] * CROP[1]
    assert_uniform(corners(label, 40 * len(expected), defect_prob=1),
                   expected)


def test_frequency_of_every_crop():
    """A region, a pixel of it, a crop that holds it: each at random."""
    defects = [SPOT, SCRATCH, (19, 0)]
    expected = Counter()
    for defect in defects:
        pixels = np.argwhere(label_with(defect))
        for row, column in pixels:
            around = [corner for corner in all_corners()
                      if holds(label_with((row, column)), corner)]
            for corner in around:
                expected[corner] += 1 / (
                    len(defects) * len(pixels) * len(around))
    assert sum(expected.values()) == pytest.approx(1)
    found = Counter(corners(label_with(*defects), 4000, defect_prob=1))
    assert set(found) <= set(expected)
    squares = sum((found[corner] - 4000 * fraction)**2 / (4000 * fraction)
                  for corner, fraction in expected.items())
    assert stats.chi2.sf(squares, len(expected) - 1) > 0.001


def test_small_and_large_defects_have_the_same_chance():
    """One pixel, and 22 out of its reach."""
    label = label_with((2, 2), SCRATCH)
    drawn = corners(label, 1600, defect_prob=1)
    small = [corner for corner in drawn if corner[0] <= 2]
    assert 0.45 < len(small) / len(drawn) < 0.55
    assert all(holds(label, corner) for corner in drawn)


def test_pixels_that_touch_at_a_corner_are_one_defect():
    label = label_with((2, 2), (14, 10), (15, 11))
    drawn = corners(label, 1600, defect_prob=1)
    assert 0.45 < np.mean([corner[0] <= 2 for corner in drawn]) < 0.55


def test_other_classes():
    label = label_with((*SPOT, 3), (*SCRATCH, 1))
    for class_ids, rows in (((3, ), {True}), ((1, ), {False}),
                            ((1, 3), {True, False})):
        drawn = corners(label, 50, defect_prob=1, class_ids=class_ids)
        assert {corner[0] <= 5 for corner in drawn} == rows


def test_image_and_labels_stay_aligned():
    label = label_with(SPOT, (*SCRATCH, 2), ((9, 10), (1, 9), 255))
    crop = DefectCrop(CROP, defect_prob=0.5)
    for _ in range(100):
        results = results_of(label)
        results.update(
            gt_weak=label + 1, seg_fields=['gt_seg_map', 'gt_weak'])
        results = crop(results)
        rows, columns, expected = np.moveaxis(results['img'], -1, 0)
        np.testing.assert_array_equal(rows[:, 0] - rows[0, 0], range(CROP[0]))
        np.testing.assert_array_equal(
            columns[0] - columns[0, 0], range(CROP[1]))
        np.testing.assert_array_equal(results['gt_seg_map'], expected)
        np.testing.assert_array_equal(results['gt_weak'], expected + 1)


def test_keys_are_those_of_the_stock_crop():
    ours, stock = (crop(results_of(label_with(SPOT)))
                   for crop in (DefectCrop(CROP), RandomCrop(CROP)))
    assert set(ours) == set(stock)
    assert ours['img_shape'] == stock['img_shape'] == CROP
    for key in ('img', 'gt_seg_map'):
        assert (ours[key].shape, ours[key].dtype) == (stock[key].shape,
                                                      stock[key].dtype)


@pytest.mark.parametrize('crop_size', [(HEIGHT, WIDTH), (HEIGHT, 4), 15])
def test_crop_as_large_as_the_image(crop_size):
    label = label_with((0, 0), (19, 14))
    crop = DefectCrop(crop_size, defect_prob=1)
    cropped = [crop(results_of(label))['gt_seg_map'] for _ in range(20)]
    assert all(part.any() and part.shape == crop.crop_size
               for part in cropped)


def test_seed():
    label = label_with(SPOT, SCRATCH)
    drawn = []
    for seed in (3, 3, 4):
        set_random_seed(seed)
        drawn.append(corners(label, 20))
    assert drawn[0] == drawn[1] != drawn[2]


def test_random_numbers_can_be_shared_between_images():
    crop, label = DefectCrop(CROP), label_with(SPOT, SCRATCH)
    with cache_random_params(crop):
        first, second = (crop(results_of(label))['img'] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert len(set(corners(label, 20))) > 1


def test_from_a_config():
    init_default_scope('mmseg')
    crop = TRANSFORMS.build(
        dict(type='DefectCrop', crop_size=[6, 4], defect_prob=1))
    assert crop(results_of(label_with(SPOT)))['img_shape'] == CROP
    assert repr(crop) == ('DefectCrop(crop_size=(6, 4), defect_prob=1, '
                          'class_ids=(1,))')


def test_image_smaller_than_the_crop():
    results = results_of(label_with((2, 2), size=(5, 15)))
    with pytest.raises(ValueError) as error:
        DefectCrop(CROP)(results)
    for wanted in ('image.png', '(5, 15)', 'crop_size=(6, 4)'):
        assert wanted in str(error.value)
    # what the message says
    init_default_scope('mmseg')
    advice = str(error.value).split('pad it: ')[1].split(', (width')[0]
    pad = TRANSFORMS.build(eval(advice))
    assert DefectCrop(CROP)(pad(results))['img_shape'] == CROP


@pytest.mark.parametrize(('label', 'found'), [
    (None, 'missing'),
    (np.zeros((HEIGHT, 2 * WIDTH), np.uint8), r'\(20, 30\)'),
])
def test_label_that_does_not_fit(label, found):
    results = results_of(label_with(SPOT))
    results['gt_seg_map'] = label
    with pytest.raises(ValueError,
                       match=rf'image\.png .*\(20, 15\).* is {found}'):
        DefectCrop(CROP)(results)


@pytest.mark.parametrize('kwargs', [
    dict(crop_size=0),
    dict(crop_size=(6, -1)),
    dict(crop_size=(6, 4, 3)),
    dict(defect_prob=-0.1),
    dict(defect_prob=1.1),
    dict(class_ids=()),
    dict(class_ids=(1, 255)),
])
def test_bad_arguments(kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        DefectCrop(**dict(dict(crop_size=CROP), **kwargs))
