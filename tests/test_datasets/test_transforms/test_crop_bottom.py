import numpy as np
import pytest

from mmseg_ext.datasets import CropBottom

IMAGE = np.random.default_rng(0).integers(
    60, 200, (90, 120, 3), dtype=np.uint8)


def with_band() -> np.ndarray:
    """An image above a black strip with something white in it."""
    image = IMAGE.copy()
    image[75:] = 0
    image[80:84, 10:40] = 255
    return image


@pytest.mark.parametrize(('image', 'rows', 'left'), [
    (IMAGE, 0, 90), (IMAGE, 7, 83), (IMAGE, 'auto', 90),
    (with_band(), 'auto', 75)])
def test_cuts_rows_off(image, rows, left):
    found = CropBottom(rows)(dict(img=image))
    assert np.array_equal(found['img'], image[:left])
    assert found['img_shape'] == (left, 120)


def test_something_has_to_be_left():
    with pytest.raises(ValueError, match=r'a\.png has 90 rows, of which 90'):
        CropBottom(90)(dict(img=IMAGE, img_path='a.png'))


@pytest.mark.parametrize('rows', [-1, 1.5, 'all', None, True])
def test_bad_arguments(rows):
    with pytest.raises(ValueError, match='rows='):
        CropBottom(rows)
