"""Arrays in, arrays out, with a model that tells classes by grey level."""
import numpy as np
import pytest
from threshold_model import ThresholdModel

from mmseg_ext.inference import Tiling, predict

MODEL = ThresholdModel()


def test_classes_fractions_and_pictures():
    image = np.zeros((10, 20, 3), np.uint8)
    image[:, 5:] = 100
    image[2:4, 10:] = 250
    prediction = predict(MODEL, image)
    expected = np.zeros((10, 20))
    expected[:, 5:] = 1
    expected[2:4, 10:] = 2
    np.testing.assert_array_equal(prediction.mask, expected)
    assert prediction.mask.dtype == np.uint8
    np.testing.assert_allclose(prediction.fractions, [0.25, 0.65, 0.1])
    assert prediction.tiles == 1
    # the palette is red, blue, green, the pictures blue, green, red
    assert prediction.colour_mask()[0, 0].tolist() == [0, 0, 255]
    assert prediction.overlay(image)[0, 10].tolist() == [
        round(0.6 * 100 + 0.4 * 255), 60, 60]


def test_grey_images():
    grey = np.random.default_rng(0).integers(0, 256, (9, 7), np.uint8)
    np.testing.assert_array_equal(
        predict(MODEL, grey).mask,
        predict(MODEL, np.stack([grey] * 3, axis=-1)).mask)


def test_large_images_are_cut():
    image = np.zeros((1024, 2049), np.uint8)
    assert predict(MODEL, image[:, :2048]).tiles == 1
    assert predict(MODEL, image).tiles == 3
    assert predict(MODEL, image, whole=True).tiles == 1
    assert predict(MODEL, image, Tiling((512, 512), (64, 64))).tiles == 15
    scaling = ThresholdModel()
    scaling.resizes = True
    assert predict(scaling, image).tiles == 1


@pytest.mark.parametrize('image', [
    np.zeros((4, 4, 3)),
    np.zeros((4, 4, 4), np.uint8),
    np.zeros((0, 4, 3), np.uint8),
    np.zeros((2, 4, 4, 3), np.uint8),
])
def test_other_arrays(image):
    with pytest.raises(ValueError, match=r'uint8 is expected'):
        predict(MODEL, image)


def test_whole_or_cut():
    with pytest.raises(ValueError, match='not both'):
        predict(MODEL, np.zeros((4, 4), np.uint8), Tiling(), whole=True)


@pytest.mark.parametrize('tiling', [None, Tiling((32, 64), (0, 8), align=8)])
def test_logits_that_are_no_numbers(tiling):
    lost = ThresholdModel()
    lost.logits = lambda batch: np.where(
        batch.mean(-1)[:, None] > 200, np.nan, MODEL.logits(batch))
    image = np.zeros((40, 70), np.uint8)
    predict(lost, image, tiling)
    image[30, 60] = 255
    with pytest.raises(ArithmeticError, match='nan'):
        predict(lost, image, tiling)
