"""Quality from 0 to 1: known values, and its order."""
import numpy as np
import pytest

from mmseg_ext.labeling import (
    Candidate,
    cam_agreement,
    mask_quality,
    stability,
)


def box(top, left, bottom, right, shape=(40, 60)) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[top:bottom, left:right] = True
    return mask


def test_stability_is_the_mean_iou():
    mask = box(0, 0, 10, 10)
    assert stability(mask, [mask, mask]) == 1
    # 50 of 100 and 100 of 200 pixels; nothing in common.
    varied = [box(0, 0, 5, 10), box(0, 0, 20, 10), box(20, 20, 30, 30)]
    assert stability(mask, varied) == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert stability(box(0, 0, 0, 0), [box(0, 0, 0, 0)]) == 0


def test_agreement_is_one_for_the_mask_as_coarse_as_the_map():
    mask = box(10, 20, 20, 40)
    # The blur written out: a Gaussian of 60 / 40 pixels, mirrored edges.
    reach = np.arange(-6, 7)
    kernel = np.exp(-reach**2 / (2 * 1.5**2))
    cam = mask.astype(float)
    for axis in (0, 1):
        padded = np.pad(cam, [(6, 6) if a == axis else (0, 0)
                              for a in (0, 1)], 'reflect')
        cam = np.apply_along_axis(
            np.convolve, axis, padded, kernel / kernel.sum(), 'valid')
    assert cam_agreement(mask, 7 * cam) == pytest.approx(1, abs=1e-3)


def test_agreement_falls_with_what_is_missing_or_elsewhere():
    cam = box(10, 20, 20, 40).astype(np.float32)
    whole, part, elsewhere = (cam_agreement(mask, cam) for mask in (
        box(10, 20, 20, 40), box(10, 20, 20, 25), box(30, 45, 40, 60)))
    assert 1 >= whole > 0.9 > part > 0.3 > elsewhere >= 0
    assert cam_agreement(box(0, 0, 0, 0), cam) == 0
    assert cam_agreement(box(0, 0, 5, 5), np.zeros_like(cam)) == 0


def test_quality_is_the_geometric_mean():
    mask = box(10, 20, 20, 40)
    candidate = Candidate(mask, score=0.9, stability=0.4)
    assert mask_quality(candidate) == pytest.approx(np.sqrt(0.9 * 0.4))
    cam = mask.astype(np.float32)
    assert mask_quality(candidate, cam) == pytest.approx(
        (0.9 * 0.4 * cam_agreement(mask, cam))**(1 / 3))
    assert mask_quality(candidate._replace(stability=0)) == 0
