"""Stacks of probabilities that ImageJ reads, whole and in tiles."""
import numpy as np
import pytest
import tifffile
from scipy import special, stats
from threshold_model import ThresholdModel

from mmseg_ext.inference import Tiling, predict
from mmseg_ext.inference.probabilities import (
    ProbabilityMaps,
    entropy_of,
    probabilities_of,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(3, 150, 40)).astype(np.float32) * 5


def test_numbers():
    found = probabilities_of(LOGITS)
    np.testing.assert_allclose(found, special.softmax(LOGITS, 0), atol=1e-6)
    np.testing.assert_allclose(
        entropy_of(found), stats.entropy(found, axis=0, base=3), atol=1e-5)
    assert entropy_of(np.full((4, 1), 0.25)) == pytest.approx(1)
    assert entropy_of(np.array([[1.0], [0]])) == pytest.approx(0, abs=1e-6)


def test_threshold_and_probability():
    """Of a head of one channel; blending tiles rounds the threshold."""
    probability = RNG.random((30, 20)).astype(np.float32)
    threshold = np.float32(0.3) + RNG.normal(0, 1e-7, (30, 20))
    found = probabilities_of(np.stack([threshold, probability]))
    np.testing.assert_allclose(found, [1 - probability, probability])


def test_file(tmp_path):
    path = tmp_path / 'a.tif'
    with open(path, 'wb') as file:
        maps = ProbabilityMaps(file, ['a', 'b', '铁'], (150, 40), 0.25)
        maps.add(0, LOGITS[:, :70])
        maps.add(70, LOGITS[:, 70:])
    expected = special.softmax(LOGITS, 0)
    with tifffile.TiffFile(path) as tiff:
        stack, said = tiff.asarray(), tiff.imagej_metadata
        assert tiff.pages[0].tags['XResolution'].value == (4, 1)
    assert stack.dtype == np.uint16 and stack.shape == (3, 150, 40)
    np.testing.assert_allclose(stack * said['c1'] + said['c0'], expected,
                               atol=1 / 2**16)
    assert said['cf'] == 0 and said['unit'] == 'um'
    assert said['Labels'][:2] == ['a', 'b'] and said['slices'] == 3
    np.testing.assert_allclose(
        maps.entropy / 255, stats.entropy(expected, axis=0, base=3),
        atol=0.003)


def test_tiles_give_what_the_whole_image_gives(tmp_path):
    image = RNG.integers(0, 256, (200, 150, 3), np.uint8)
    stacks = []
    for i, tiling in enumerate((None, Tiling((64, 64), (32, 32)))):
        with open(tmp_path / f'{i}.tif', 'wb') as file:
            maps = ProbabilityMaps(file, ThresholdModel.classes, (200, 150))
            found = predict(ThresholdModel(), image, tiling, keep=maps.add)
        stacks.append(tifffile.imread(tmp_path / f'{i}.tif').astype(int))
        # the classes are the most probable ones
        chosen = np.take_along_axis(stacks[i], found.mask[None].astype(int),
                                    0)[0]
        assert (chosen == stacks[i].max(0)).all()
    np.testing.assert_allclose(*stacks, atol=2)
