"""Colours over images, and colours that no class has."""
import numpy as np
import pytest
from skimage.color import rgb2lab

from mmseg_ext.basics.colours import (
    DISTINCT,
    MASK_COLOURS,
    OKABE_ITO,
    blend,
    choose_palette,
    colour_distances,
    free_colour,
)

RNG = np.random.default_rng(0)


def test_the_base_stays_the_image():
    image = RNG.integers(0, 256, (20, 30, 3), np.uint8)
    labels = RNG.integers(0, 3, (20, 30), np.uint8)
    picture = blend(image, labels, OKABE_ITO, base=1)
    np.testing.assert_array_equal(picture[labels == 1], image[labels == 1])
    for i in (0, 2):
        expected = 0.6 * image[labels == i] + 0.4 * np.array(OKABE_ITO[i])[
            ::-1]
        np.testing.assert_allclose(picture[labels == i], expected, atol=0.51)


def test_distances_are_those_of_cie76():
    lab = rgb2lab(np.array([OKABE_ITO]) / 255)[0]
    np.testing.assert_allclose(
        colour_distances(OKABE_ITO[0], OKABE_ITO),
        np.linalg.norm(lab - lab[0], axis=1), atol=0.5)


@pytest.mark.parametrize('palette', [OKABE_ITO, MASK_COLOURS])
def test_a_free_colour_is_far_from_all(palette):
    for count in range(len(palette) + 1):
        colour = free_colour(palette[:count])
        assert count == 0 or colour_distances(
            colour, palette[:count]).min() >= DISTINCT


def test_new_data_sets():
    assert choose_palette(8, {}) == OKABE_ITO
    assert choose_palette(9, {}) is None
    # what is there stays, and nothing like it is added
    found = choose_palette(4, {1: (255, 160, 0)})
    assert found[1] == [255, 160, 0]
    assert found[0] == OKABE_ITO[1] and OKABE_ITO[0] not in found
