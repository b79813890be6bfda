"""The segmenters that need no weights, on drawn and on real defects."""
import cv2
import numpy as np
import pytest

from mmseg_ext.labeling import (
    ContrastSegmenter,
    GrabCutSegmenter,
    RandomWalkerSegmenter,
    mask_quality,
)


def make(name: str, **kwargs):
    if name == 'walker':
        pytest.importorskip('skimage')
        return RandomWalkerSegmenter(**kwargs)
    return dict(contrast=ContrastSegmenter, grabcut=GrabCutSegmenter)[name](
        **kwargs)


@pytest.fixture(params=['contrast', 'grabcut', 'walker'])
def segmenter(request):
    return make(request.param)


def iou(mask, truth) -> float:
    return (mask & truth).sum() / (mask | truth).sum()


def test_finds_the_defect(segmenter, any_surface):
    image, truth, cam, points = any_surface
    before = image.copy()
    found = segmenter.segment(image, points, cam)
    assert iou(found[0].mask, truth) > 0.7
    np.testing.assert_array_equal(image, before)
    for candidate in found:
        assert candidate.mask.shape == truth.shape
        assert candidate.mask.dtype == bool and candidate.mask.any()
        assert 0 <= candidate.score <= 1 and 0 <= candidate.stability <= 1
    scores = [candidate.score for candidate in found]
    assert scores == sorted(scores, reverse=True)


def test_points_alone_will_do(segmenter, any_surface):
    image, truth, _, _ = any_surface
    places = np.argwhere(truth)
    point = tuple(places[len(places) // 2])
    found = segmenter.segment(image, [point])
    assert iou(found[0].mask, truth) > 0.6


def test_the_point_says_which_of_two(segmenter, crack):
    # The same crack once more, below: two peaks in the CAM.
    image = np.concatenate([crack.image, crack.image])
    cam = np.concatenate([crack.cam, crack.cam])
    (row, col), height = crack.points[0], len(crack.image)
    for points, where in (([(row, col)], np.s_[:height]),
                          ([(row + height, col)], np.s_[height:]),
                          ([(row, col), (row + height, col)], np.s_[:])):
        mask = segmenter.segment(image, points, cam)[0].mask
        inside = mask[where].sum()
        assert inside == mask.sum() > 0
        assert mask[:height].any() == (points[0][0] < height)
        assert mask[height:].any() == (points[-1][0] >= height)


def test_same_result_and_other_generators_untouched(segmenter, crack):
    def draw() -> list:
        return [cv2.randu(np.zeros((1, 8), np.uint8), 0, 255).tolist(),
                np.random.rand(3).tolist()]

    def seed() -> None:
        cv2.setRNGSeed(5)
        np.random.seed(5)

    seed()
    expected = draw()
    first = segmenter.segment(crack.image, crack.points, crack.cam)
    seed()
    second = segmenter.segment(crack.image, crack.points, crack.cam)
    assert draw() == expected
    for one, other in zip(first, second):
        np.testing.assert_array_equal(one.mask, other.mask)
        assert one.score == other.score


def test_no_point_no_mask(segmenter, crack):
    assert segmenter.segment(crack.image, [], crack.cam) == []


@pytest.mark.parametrize('value', [0, 128, 255])
def test_nothing_stands_out_of_a_plain_image(segmenter, value):
    image = np.full((40, 50, 3), value, np.uint8)
    assert segmenter.segment(image, [(20, 25)]) == []


def test_point_where_the_map_is_zero(segmenter, crack):
    assert segmenter.segment(crack.image, [(150, 5)], crack.cam) == []
    empty = np.zeros_like(crack.cam)
    assert segmenter.segment(crack.image, crack.points, empty) == []


def test_map_that_covers_everything(segmenter, crack):
    found = segmenter.segment(crack.image, crack.points,
                              np.ones_like(crack.cam))
    assert iou(found[0].mask, crack.truth) > 0.6


def test_unfit_input_is_refused(segmenter, crack):
    image, _, cam, _ = crack
    with pytest.raises(ValueError, match=r'float64 \(160, 224, 3\)'):
        segmenter.segment(image / 255, [(1, 1)])
    with pytest.raises(ValueError, match=r'uint8 \(160, 224\)'):
        segmenter.segment(image[..., 0], [(1, 1)])
    # (x, y) instead of (row, column)
    with pytest.raises(ValueError, match=r'160 x 224 .*\[\(200, 60\)\]'):
        segmenter.segment(image, [(60, 200), (200, 60)])
    with pytest.raises(ValueError, match=r'\(5, 7\).*upsample_cam'):
        segmenter.segment(image, [(1, 1)], cam[:5, :7])


def test_hue_counts_for_grabcut(crack):
    # A red field on grey of the same brightness joins the dark crack in it.
    red = np.zeros(crack.truth.shape, np.uint8)
    cv2.rectangle(red, (115, 30), (210, 80), 1, -1)
    image = crack.image.copy()
    image[(red == 1) & ~crack.truth] = (255, 76, 76)
    points, cam = crack.points, cv2.GaussianBlur(
        red.astype(np.float32), (0, 0), 8)
    mask = GrabCutSegmenter().segment(image, points, cam)[0].mask
    without = ContrastSegmenter().segment(image, points, cam)[0].mask
    assert iou(mask, red == 1) > iou(without, red == 1)


@pytest.mark.parametrize('sizes', [(), ('huge',), 'small'])
def test_sizes_are_checked(sizes):
    with pytest.raises(ValueError, match='some of small, large'):
        ContrastSegmenter(sizes)


def test_small_leaves_shading_alone(crack):
    # A shadow over half of the region, as dark as half the crack.
    image = crack.image.astype(int)
    image[:, :150] -= 25
    image = image.clip(0, 255).astype(np.uint8)
    cam, points = crack.cam, crack.points
    small = ContrastSegmenter(['small']).segment(image, points, cam)
    assert iou(small[0].mask, crack.truth) > 0.6


@pytest.mark.shared_data
def test_on_real_defects(segmenter, real_defects):
    rated = []
    for image, truth, cam, points in real_defects:
        best = segmenter.segment(image, points, cam)[0]
        rated.append((mask_quality(best, cam), iou(best.mask, truth)))
    quality, overlap = np.array(rated).T
    assert overlap.mean() > 0.45
    assert np.corrcoef(quality, overlap)[0, 1] > 0.3
