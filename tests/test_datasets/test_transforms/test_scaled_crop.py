import numpy as np
import pytest
from scipy import stats

from mmseg_ext.datasets import RandomScaledCrop

# what is seen of it can be told from its levels: row and column
HEIGHT, WIDTH = 128, 240
IMAGE = np.stack([*np.mgrid[:HEIGHT, :WIDTH], np.zeros((HEIGHT, WIDTH))],
                 axis=-1).astype(np.uint8)


def seen(crop: np.ndarray, size: int) -> tuple[float, float, float]:
    """Return the side of what is seen, and its top and left edge."""
    rows, columns = crop[..., 0].astype(float), crop[..., 1].astype(float)
    side = (rows[-1] - rows[0]).mean() * size / (size - 1)
    return side, rows[0].mean(), columns[:, 0].mean()


def test_scales_and_places_are_drawn_evenly():
    np.random.seed(0)
    transform = RandomScaledCrop(32)
    found = []
    for _ in range(400):
        result = transform(dict(img=IMAGE))
        assert result['img'].shape == (32, 32, 3)
        assert result['img_shape'] == (32, 32)
        found.append(seen(result['img'], 32))
    side, top, left = np.array(found).T
    assert 31 < side.min() < 36 and 120 < side.max() < 130
    # log2 of the side: from 5 to 7
    assert stats.kstest((np.log2(side.clip(32, 128)) - 5) / 2,
                        'uniform').pvalue > 0.01
    small = side < 40  # where edges have room
    assert left[small].max() > 150 and left[small].min() < 40
    assert top[small].max() > 60 and top[small].min() < 25


def test_pixels_stay_as_they_are_at_the_images_scale():
    image = np.random.default_rng(0).integers(0, 256, (32, 90, 3), np.uint8)
    np.random.seed(0)
    crop = RandomScaledCrop(32)(dict(img=image))['img']
    assert any(np.array_equal(crop, image[:, i:i + 32]) for i in range(59))


def test_the_middle_is_always_the_same():
    transform = RandomScaledCrop(32, center=True)
    one, two = (transform(dict(img=IMAGE))['img'] for _ in range(2))
    assert np.array_equal(one, two)
    side, top, left = seen(one, 32)
    assert side == pytest.approx(64, abs=3)  # of 32 and 128
    assert top == pytest.approx(32, abs=2)
    assert left == pytest.approx(88, abs=2)


@pytest.mark.parametrize('shape', [(20, 30, 3), (1, 1, 3), (32, 5, 3)])
def test_small_images_are_enlarged(shape):
    image = np.full(shape, 7, np.uint8)
    assert (RandomScaledCrop(32)(dict(img=image))['img'] == np.full(
        (32, 32, 3), 7)).all()


def test_bad_arguments():
    with pytest.raises(ValueError, match='size=0'):
        RandomScaledCrop(0)
