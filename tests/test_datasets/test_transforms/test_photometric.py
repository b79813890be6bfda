"""RandomBrightnessContrastGamma against its formula, written out."""
import numpy as np
import pytest

from mmseg_ext.datasets import RandomBrightnessContrastGamma

RNG = np.random.default_rng(0)


def changed(image: np.ndarray, b: float, c: float, g: float,
            full: float) -> np.ndarray:
    """The formula, pixel by pixel."""
    grey = image.astype(np.float64) / full
    mean = grey.sum() / grey.size
    out = np.empty_like(grey)
    for index in np.ndindex(grey.shape):
        value = mean + c * (grey[index] - mean) + b
        out[index] = min(max(value, 0.0), 1.0)**g * full
    return out


def draws(seed: int, brightness, contrast, gamma) -> tuple:
    np.random.seed(seed)
    np.random.rand()
    b, c, g = (np.random.uniform(-1, 1) for _ in range(3))
    return brightness * b, contrast**c, gamma**g


@pytest.mark.parametrize(('dtype', 'full', 'kwargs'), [
    (np.uint8, 255, {}), (np.uint16, 65535, {}), (np.float32, 255, {}),
    (np.uint16, 4095, dict(full_scale=4095)),
    (np.float64, 1, dict(full_scale=1.0))])
@pytest.mark.parametrize('seed', range(4))
def test_formula(dtype, full, kwargs, seed):
    image = (full * RNG.random((6, 5, 3))).astype(dtype)
    mask = RNG.integers(0, 4, (6, 5), np.uint8)
    strengths = dict(brightness=0.3, contrast=2.0, gamma=1.8)
    transform = RandomBrightnessContrastGamma(prob=1, **strengths, **kwargs)
    expected = changed(image, *draws(seed, **strengths), full)
    np.random.seed(seed)
    results = transform(dict(img=image.copy(), gt_seg_map=mask.copy()))
    found = results['img']
    assert found.dtype == dtype and found.shape == image.shape
    np.testing.assert_array_equal(results['gt_seg_map'], mask)
    rounding = 0.5001 if np.dtype(dtype).kind in 'ui' else 1e-4
    assert np.abs(found - expected).max() <= rounding


def test_grey_stays_grey_and_a_strength_of_nothing_changes_nothing():
    grey = np.repeat(RNG.integers(0, 256, (8, 8, 1), np.uint8), 3, 2)
    found = RandomBrightnessContrastGamma(prob=1)(dict(img=grey))['img']
    assert (found == found[..., :1]).all() and (found != grey).any()
    none = RandomBrightnessContrastGamma(
        prob=1, brightness=0, contrast=1, gamma=1)
    np.testing.assert_array_equal(none(dict(img=grey))['img'], grey)
    # of one channel, too
    assert none(dict(img=grey[..., 0]))['img'].shape == (8, 8)


def test_draws_cover_their_range_and_the_probability():
    np.random.seed(0)
    transform = RandomBrightnessContrastGamma(0.3, 0.2, 1.5, 2.0)
    drawn = [transform._draw() for _ in range(4000)]
    some = np.array([one for one in drawn if one is not None])
    assert len(some) / 4000 == pytest.approx(0.3, abs=0.03)
    assert np.abs(some[:, 0]).max() == pytest.approx(0.2, rel=0.02)
    for column, largest in ((1, 1.5), (2, 2.0)):
        logarithms = np.log(some[:, column]) / np.log(largest)
        assert -1 <= logarithms.min() < -0.98 and 0.98 < logarithms.max() <= 1
        assert abs(logarithms.mean()) < 0.06


@pytest.mark.parametrize('kwargs', [
    dict(prob=2), dict(brightness=-0.1), dict(contrast=0.8),
    dict(gamma=0.5), dict(full_scale=0)])
def test_bad_arguments(kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        RandomBrightnessContrastGamma(**kwargs)
