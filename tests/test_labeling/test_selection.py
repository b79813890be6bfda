"""The best plausible candidate, or the reason in words."""
import numpy as np
import pytest

from mmseg_ext.labeling import Candidate, keep_near, select_mask

SHAPE = (100, 100)
POINTS = [(50, 20)]


def candidate(score, *boxes) -> Candidate:
    mask = np.zeros(SHAPE, bool)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = True
    return Candidate(mask, score, 0.5)


PART = candidate(0.8, (45, 15, 55, 25))
WHOLE = candidate(0.95, (0, 0, 100, 90))
SPECK = candidate(0.9, (50, 20, 51, 21))


def test_best_score_of_a_plausible_area():
    chosen = select_mask([PART, WHOLE, SPECK], POINTS, min_area=2e-4)
    assert chosen.reason == ''
    np.testing.assert_array_equal(chosen.candidate.mask, PART.mask)
    assert chosen.candidate.score == 0.8
    # The bounds count themselves in.
    assert select_mask([WHOLE], POINTS, max_area=0.9).candidate is WHOLE
    assert select_mask([SPECK], POINTS, min_area=1e-4).candidate is SPECK


def test_reasons():
    def reason(*args, **kwargs) -> str:
        chosen = select_mask(*args, **kwargs)
        assert chosen.candidate is None
        return chosen.reason

    assert reason([PART], []) == 'no prompt point'
    assert reason([], POINTS) == 'nothing stands out at the point'
    assert reason([PART, WHOLE, SPECK], POINTS, min_area=2e-4,
                  min_score=0.85) == (
        'no plausible mask: 90.000% of the image, too large; 0.010% of the '
        'image, too small; a score of 0.80, too low')
    assert reason([candidate(0.9, (0, 0, 5, 5))], POINTS,
                  max_distance=10) == 'no plausible mask: not at the point'


def test_only_parts_near_the_point():
    two = candidate(0.9, (45, 15, 55, 25), (50, 60, 60, 70))
    for distance, pixels in ((None, 200), (0, 100), (39, 100), (40, 200)):
        chosen = select_mask([two], POINTS, max_distance=distance)
        assert chosen.candidate.mask.sum() == pixels
    assert two.mask.sum() == 200  # its own mask stays


def test_area_is_that_of_the_parts_that_count():
    two = candidate(0.9, (50, 20, 51, 21), (60, 60, 80, 80))
    assert select_mask([two], POINTS, min_area=2e-4).candidate is not None
    assert 'too small' in select_mask(
        [two], POINTS, min_area=2e-4, max_distance=0).reason


def test_parts_that_touch_at_a_corner_are_one():
    mask = candidate(1, (50, 20, 52, 22), (52, 22, 54, 24)).mask
    np.testing.assert_array_equal(keep_near(mask, POINTS, 0), mask)


def test_any_of_several_points():
    mask = candidate(1, (0, 0, 5, 5), (50, 20, 55, 25), (90, 90, 95, 95)).mask
    kept = keep_near(mask, [(2, 2), (92, 92)], 0)
    assert kept.sum() == 50 and not kept[50:55, 20:25].any()


def test_bounds_are_checked():
    for bounds in ((0.3, 0.1), (-0.1, 0.3), (0.1, 1.1)):
        with pytest.raises(ValueError, match='min_area'):
            select_mask([PART], POINTS, *bounds)
