"""The entropy of what a model says, 0 to 1."""
import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy
from threshold_model import ThresholdModel

from mmseg_ext.inference import Tiling, predict
from mmseg_ext.inference.entropy import EntropyMeter, entropies


def test_entropies_are_scipys():
    logits = np.random.default_rng(0).normal(
        0, 3, (2, 4, 5, 6)).astype(np.float32)
    np.testing.assert_allclose(
        entropies(logits), entropy(softmax(logits, 1), base=4, axis=1),
        rtol=1e-4, atol=1e-6)
    certain = np.zeros((1, 3, 1, 1), np.float32)
    assert entropies(certain).item() == pytest.approx(1)
    certain[:, 1] = 200
    assert entropies(certain).item() == pytest.approx(0, abs=1e-6)


def test_a_head_of_one_channel():
    found = np.full((1, 2, 3, 1), 0.4, np.float32)  # the threshold
    found[0, 1, :, 0] = (0, 0.5, 0.9)
    np.testing.assert_allclose(
        entropies(found)[0, :, 0], [0, 1, entropy([0.9, 0.1], base=2)],
        atol=1e-6)


def test_the_meter_measures_and_changes_nothing():
    image = np.random.default_rng(0).integers(0, 256, (40, 72, 3), np.uint8)
    model = ThresholdModel()
    meter = EntropyMeter(model)
    found = predict(meter, image)
    np.testing.assert_array_equal(found.mask, predict(model, image).mask)
    expected = entropies(model.logits(image[None])).mean()
    assert meter.take() == pytest.approx(expected)
    predict(meter, image, Tiling((40, 40), (8, 8)))
    assert meter.take() == pytest.approx(expected, rel=0.2)
    assert meter.take() == 0
