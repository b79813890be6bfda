"""Features against scipy's, and by hand."""
import numpy as np
import pytest
from scipy import ndimage

from mmseg_ext.inference import find_features
from mmseg_ext.inference.features import summarize_features


def test_equals_scipy():
    mask = np.random.default_rng(0).integers(0, 3, (40, 60)).astype(np.uint8)
    found = find_features(mask, 3, min_area=2)
    expected = []
    for class_id in range(3):
        labels, count = ndimage.label(mask == class_id, np.ones((3, 3)))
        border = {*labels[0], *labels[-1], *labels[:, 0], *labels[:, -1]}
        for i in range(1, count + 1):
            rows, cols = np.nonzero(labels == i)
            if len(rows) >= 2:
                expected.append((class_id, cols.mean(), rows.mean(),
                                 len(rows), i in border))
    assert len(expected) > 10
    np.testing.assert_allclose(
        sorted(zip(*found)), sorted(expected), rtol=1e-9)


def test_corners_connect_and_the_border_cuts():
    mask = np.zeros((6, 8), np.uint8)
    mask[2, 2] = mask[3, 3] = 1
    mask[5, 6] = 1
    found = find_features(mask, 2)
    assert found.class_id.tolist() == [0, 1, 1]
    assert found.area.tolist() == [45, 2, 1]
    assert found.cut.tolist() == [True, False, True]
    assert found.diameter[1] == pytest.approx(2 * np.sqrt(2 / np.pi))
    assert find_features(mask, 2, min_area=2).area.tolist() == [45, 2]


def test_split_features_are_the_same_where_nothing_touches():
    mask = np.zeros((40, 60), np.uint8)
    for y, x, side in ((5, 5, 9), (20, 30, 6), (36, 0, 4), (30, 50, 1)):
        mask[y:y + side, x:x + side] = 1
    whole = find_features(mask, 3, 2)
    for one, other in zip(whole, find_features(mask, 3, 2, split=(1, 2))):
        np.testing.assert_allclose(one, other)
    rows, cols = np.indices((40, 60))
    for x in (20, 38):
        mask[(rows - 20)**2 + (cols - x)**2 < 100] = 2
    found = find_features(mask, 3, split=(2, ))
    assert found.class_id.tolist().count(2) == 2
    np.testing.assert_allclose(found.x[-2:], [20, 38], atol=1)


def test_sizes_are_those_of_whole_features():
    # circles of 2 and 4 um, and a cut one that does not count
    areas = [np.pi, 4 * np.pi, 100]
    found = summarize_features('A', areas, [False, False, True], 1e4)
    assert (found.features, found.cut_by_border) == (3, 1)
    assert found.mean_diameter_um == pytest.approx(3)
    assert found.std_diameter_um == pytest.approx(np.sqrt(2))
    assert found.median_diameter_um == pytest.approx(3)
    assert found.mean_area_um2 == pytest.approx(2.5 * np.pi)
    # 2.5 features on a hundredth of a square millimetre
    assert found.features_per_mm2 == pytest.approx(250)
    alone = summarize_features('A', [1], [True], 1e6)
    assert np.isnan(alone.mean_diameter_um)
    assert alone.features_per_mm2 == 0.5
    none = summarize_features('A', [], [], 1e6)
    assert none.features == none.features_per_mm2 == 0
