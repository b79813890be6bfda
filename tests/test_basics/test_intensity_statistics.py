"""What is noted of a set of images, and which others are unlike it."""
import json

import numpy as np
import pytest

from mmseg_ext.basics.intensity_statistics import (
    IntensityCollector,
    IntensityStatistics,
    is_coloured,
)


def plane(mean, std, seed=0):
    noise = np.random.default_rng(seed).normal(mean, std, (32, 32, 1))
    return np.rint(np.clip(noise, 0, 255)).astype(np.uint8).repeat(3, 2)


def collected(*moments, **kwargs):
    collector = IntensityCollector()
    for i, (mean, std) in enumerate(moments):
        collector.add(plane(mean, std, i), **kwargs)
    return collector.statistics()


def test_statistics_are_those_of_images():
    moments = [(100, 10), (120, 14), (140, 18)]
    images = [plane(*each, i).astype(float)
              for i, each in enumerate(moments)]
    found = collected(*moments)
    means = [image.mean() for image in images]
    stds = [image.std() for image in images]
    assert (found.images, found.total) == (3, 3)
    assert found.mean == pytest.approx(np.mean(means), abs=1e-3)
    assert found.std == pytest.approx(np.mean(stds), abs=1e-3)
    np.testing.assert_allclose(
        found.means, [min(means), max(means), np.std(means)], atol=1e-3)
    middle = np.median(np.concatenate([image.ravel() for image in images]))
    assert found.quantiles[50] == pytest.approx(middle, abs=1)
    assert not found.colour


def test_survives_json():
    found = collected((100, 10), (120, 14), bits=16)
    assert IntensityStatistics.read(
        json.loads(json.dumps(found.record())), 'file') == found


@pytest.mark.parametrize('change', [
    dict(mean=None), dict(means=[1, 2]), dict(std=-1), dict(other=3)])
def test_others_are_refused(change):
    record = {**collected((100, 10)).record(), **change}
    with pytest.raises(ValueError, match=r'weights\.pth'):
        IntensityStatistics.read(record, 'weights.pth')


def test_pixels_without_label_do_not_count():
    image = plane(100, 10)
    image[16:] = 0
    valid = np.zeros((32, 32), bool)
    valid[:16] = True
    collector = IntensityCollector()
    collector.add(image, valid)
    assert collector.statistics().mean == pytest.approx(100, abs=1.5)
    # nothing to go by: all count
    mean, _ = collector.add(image, np.zeros((32, 32), bool))
    assert mean == pytest.approx(50, abs=1)


def test_the_fewer_images_the_wider_the_limits():
    two = collected((100, 10), (110, 10))
    many = collected(*[(100, 10), (110, 10)] * 10)
    assert two.covers(85, 10) and not many.covers(85, 10)
    assert many.covers(95, 10)
    assert not many.covers(105, 6) and not many.covers(105, 16)


def test_needs_an_image():
    with pytest.raises(ValueError, match='no image'):
        IntensityCollector().statistics()


def test_noise_is_no_colour():
    image = plane(100, 10)
    assert not is_coloured(image)
    assert not is_coloured(image + np.uint8([0, 1, 1]))
    assert is_coloured(image + np.uint8([0, 20, 0]))
