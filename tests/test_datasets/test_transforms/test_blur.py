"""RandomGaussianBlur."""
import cv2
import numpy as np
import pytest

from mmseg_ext.datasets import RandomGaussianBlur

IMAGE = np.random.default_rng(0).integers(0, 256, (32, 40, 3), np.uint8)


def blur(**kwargs) -> np.ndarray:
    results = RandomGaussianBlur(**kwargs)(dict(
        img=IMAGE.copy(), gt_seg_map=np.zeros(2)))
    assert (results['gt_seg_map'] == 0).all()
    return results['img']


def test_never_and_always():
    np.testing.assert_array_equal(blur(prob=0), IMAGE)
    np.testing.assert_array_equal(
        blur(prob=1, sigma=(1.5, 1.5)),
        cv2.GaussianBlur(IMAGE, (0, 0), 1.5))


def test_happens_with_its_probability():
    np.random.seed(0)
    changed = [not np.array_equal(blur(prob=0.3), IMAGE) for _ in range(300)]
    assert 0.2 < np.mean(changed) < 0.4


@pytest.mark.parametrize('kwargs', [
    dict(prob=-0.1),
    dict(prob=1.1),
    dict(sigma=(2, 1)),
    dict(sigma=(0, 1)),
    dict(sigma=(1, )),
])
def test_bad_arguments(kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        RandomGaussianBlur(**kwargs)
