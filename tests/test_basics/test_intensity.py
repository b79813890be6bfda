"""Maps of grey levels against plain formulas."""
import numpy as np
import pytest

from mmseg_ext.basics.intensity import (
    IntensityMatch,
    grey_histogram,
    histogram_moments,
    histogram_quantiles,
)


def grey(seed=0, low=60, high=120):
    plane = np.random.default_rng(seed).integers(
        low, high, (40, 50), np.uint8)
    return np.repeat(plane[..., None], 3, 2)


def test_moments_are_those_of_pixels_that_count():
    image = grey()
    image[30:] = 255  # such as a band
    valid = np.arange(40)[:, None].repeat(50, 1) < 30
    mean, std = histogram_moments(grey_histogram(image, valid))
    inside = image[:30, :, 0].astype(float)
    assert mean == pytest.approx(inside.mean())
    assert std == pytest.approx(inside.std())


def test_intensity_is_an_affine_map():
    image = grey()
    found = IntensityMatch(mean=150, std=20)(image)
    plain = image.astype(float)
    plain = (plain - plain.mean()) / plain.std() * 20 + 150
    np.testing.assert_array_equal(found, np.rint(plain))
    np.testing.assert_allclose([found.mean(), found.std()], [150, 20],
                               atol=0.1)


@pytest.mark.parametrize('mean, std, expected', [
    ([0, 255], [1, 99], None), ([100, 150], [1, 99], (100, None)),
    ([50, 60], [30, 40], (60, 30)), ([0, 255], [5, 10], (None, 10))])
def test_as_little_as_possible(mean, std, expected):
    image = grey()
    found = IntensityMatch(mean=mean, std=std)(image)
    if expected is None:  # inside already
        np.testing.assert_array_equal(found, image)
        return
    wanted = [value or own for value, own in zip(
        expected, (image.mean(), image.std()))]
    np.testing.assert_allclose([found.mean(), found.std()], wanted, atol=0.2)


def test_colours_get_one_map_or_one_for_each_channel():
    image = np.stack([grey(i, 20 + 40 * i, 60 + 60 * i)[..., 0]
                      for i in range(3)], axis=2)
    one = IntensityMatch(mean=130, std=30)(image)
    for level in np.unique(image):  # all that were alike are alike
        assert len(np.unique(one[image == level])) == 1
    each = IntensityMatch(mean=[100, 120, 140], std=[10, 20, 30])(image)
    np.testing.assert_allclose(each.mean((0, 1)), [100, 120, 140], atol=0.2)
    np.testing.assert_allclose(each.std((0, 1)), [10, 20, 30], atol=0.2)


def test_histogram_becomes_the_other():
    reference, image = grey(1, 100, 200), grey(2, 10, 80)
    quantiles = histogram_quantiles(grey_histogram(reference), 101)
    found = IntensityMatch('histogram', quantiles=quantiles)(image)
    fractions = np.linspace(0.02, 0.98, 25)
    np.testing.assert_allclose(
        np.quantile(found, fractions), np.quantile(reference, fractions),
        atol=2.5)
    same = IntensityMatch('histogram', quantiles=quantiles)(reference)
    assert np.abs(same.astype(int) - reference).max() <= 1


@pytest.mark.parametrize('arguments, said', [
    (dict(method='gamma'), "method='gamma'"),
    (dict(mean=100), 'std=None'),
    (dict(mean=100, std=0), 'above 0'),
    (dict(mean=300, std=10), '0 to 255'),
    (dict(mean=[100, 100, 100], std=[10, 10]), 'three of either'),
    (dict(mean=[120, 100], std=[10, 10]), 'lowest'),
    (dict(method='histogram', mean=100, std=10), 'takes quantiles'),
    (dict(method='histogram', quantiles=[3, 2]), 'do not fall'),
])
def test_bad_arguments(arguments, said):
    with pytest.raises(ValueError, match=said):
        IntensityMatch(**arguments)


@pytest.mark.parametrize('match', [
    IntensityMatch(mean=150, std=20),
    IntensityMatch('histogram', quantiles=(0, 128, 255))])
def test_one_grey_is_said(match):
    with pytest.raises(ValueError, match=r'a\.png is one grey, 128'):
        match(np.full((8, 8, 3), 128, np.uint8), 'a.png')


def test_arguments_make_the_same_map():
    match = IntensityMatch(mean=[[1, 2], 2, 3], std=[4, 5, 6])
    assert IntensityMatch(**match.arguments()) == match
