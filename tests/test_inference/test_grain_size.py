"""ASTM E112 against its own table, and patterns whose answer is known."""
import cv2
import numpy as np
import pytest
from scipy import spatial

from mmseg_ext.inference.grain_labels import label_grains
from mmseg_ext.inference.grain_size import (
    GrainCount,
    count_grains,
    intercept_number,
    planimetric_number,
    summarize_grains,
)


def disks(centres, radius: float, size=(60, 80)) -> np.ndarray:
    rows, cols = np.indices(size)
    return np.any([(rows - y)**2 + (cols - x)**2 < radius**2
                   for y, x in centres], axis=0)


@pytest.mark.parametrize(('number', 'per_mm2', 'intercept_um'), [
    (0, 7.75, 320.0), (3, 62.0, 113.1), (5, 248.0, 56.6), (8, 1984.0, 20.0),
    (10, 7936.0, 10.0),
])
def test_table_of_the_standard(number, per_mm2, intercept_um):
    assert planimetric_number(per_mm2) == pytest.approx(number, abs=0.01)
    assert intercept_number(intercept_um / 1e3) == pytest.approx(
        number, abs=0.01)


def test_squares():
    """Squares of 20 pixels, every other one of the phase, as a chessboard
    whose corners do not touch."""
    rows, cols = np.indices((200, 240))
    phase = (rows % 40 >= 20) & (cols % 40 >= 20)
    count = count_grains(label_grains(phase))
    # columns and rows end in the last of them at the border
    assert count == GrainCount(
        4 * 5, 10, 30 * 400, 2 * 30 * 20 - (5 * 20 + 6 * 20) / 2, 24000)
    assert count_grains(label_grains(phase), min_area=401).area == 0


def test_whole_image_of_one_grain_is_met_by_no_boundary():
    count = count_grains(np.ones((10, 20), np.int32))
    assert (count.inside, count.cut, count.intercepts) == (0, 1, 0)
    found = summarize_grains('A', [count], [1.0])
    assert np.isnan(found.intercept_g)
    assert count_grains(np.zeros((10, 20), np.int32)) == (0, 0, 0, 0, 0)


def test_touching_disks_are_separated():
    phase = disks([(30, 25), (30, 48)], 13)
    assert label_grains(phase).max() == 1
    labels = label_grains(phase, split=True)
    assert labels.max() == 2
    assert ((labels > 0) == phase).all()
    np.testing.assert_allclose(np.bincount(labels[phase])[1:], phase.sum() / 2,
                               rtol=0.02)
    # one disk, one of a few pixels, and one that the border cuts, stay one
    phase = disks([(30, 40)], 20) | disks([(3, 3)], 1.5) | disks([(30, 79)], 9)
    phase[58, 3] = True
    assert label_grains(phase, split=True).max() == label_grains(
        phase).max() == 4
    count = count_grains(label_grains(phase, split=True), min_area=5)
    assert (count.inside, count.cut) == (2, 1)


@pytest.mark.parametrize('angle', range(0, 90, 6))
def test_convex_grains_stay_one(angle):
    """Long ellipses and rectangles, whose ridge is all but level."""
    for draw in (
            lambda image: cv2.ellipse(image, (40, 40), (34, 15), angle, 0, 360,
                                      1, -1),
            lambda image: cv2.fillPoly(image, [np.intp(cv2.boxPoints(
                ((40, 40), (60, 16), angle)))], 1)):
        assert label_grains(draw(np.zeros((80, 80), np.uint8)) > 0,
                            split=True).max() == 1


def test_over_images():
    # 9.5 grains on a thousandth of a mm2, 4.5 on four thousandths
    counts = [GrainCount(9, 1, 1000, 100.0, 2000),
              GrainCount(4, 1, 1000, 50.0, 2000)]
    found = summarize_grains('A', [*counts, GrainCount(0, 0, 0, 0.0, 0)],
                             [1.0, 2.0, 1.0])
    assert (found.n, found.grains_inside, found.grains_cut) == (2, 13, 2)
    assert found.grains_per_mm2 == pytest.approx(14 / 0.005)
    assert found.mean_intercept_um == pytest.approx(6000 / 150)
    assert found.planimetric_g == planimetric_number(2800)
    each = planimetric_number(9500), planimetric_number(4.5 / 0.004)
    # t(0.975, 1) = 12.706
    assert found.planimetric_ci95 == pytest.approx(
        12.706 * np.std(each, ddof=1) / np.sqrt(2), rel=1e-4)
    said = found.describe(split=False)
    assert '13 grains inside, 2 cut by the border' in said
    assert 'counted as one' in said
    assert 'separated by watershed' in found.describe(split=True)
    assert 'no image' in summarize_grains('A', [], []).describe(False)


def test_random_structure_is_what_both_methods_agree_on():
    """A Voronoi structure of known density; boundaries are a pixel wide."""
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 400, (160, 2))
    rows, cols = np.indices((400, 400))
    nearest = spatial.KDTree(points).query(
        np.stack([rows, cols], axis=-1))[1]
    phase = np.ones((400, 400), bool)
    phase[:-1] &= nearest[:-1] == nearest[1:]
    phase[:, :-1] &= nearest[:, :-1] == nearest[:, 1:]
    phase[:-1, :-1] &= nearest[:-1, :-1] == nearest[1:, 1:]
    phase[:-1, 1:] &= nearest[:-1, 1:] == nearest[1:, :-1]
    count = count_grains(label_grains(phase), min_area=5)
    found = summarize_grains('A', [count], [1.0])
    # 160 grains on 0.16 mm2
    assert found.planimetric_g == pytest.approx(
        planimetric_number(1000), abs=0.25)
    assert found.intercept_g == pytest.approx(found.planimetric_g, abs=0.5)
