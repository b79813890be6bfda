"""Class ids survive labelme's shapes."""
import numpy as np
import pytest

from mmseg_ext.basics.labelme_files import ids_to_shapes, write_shapes
from mmseg_ext.basics.shapes import fill_shape, read_shapes

CLASSES = ('background', 'scratch', 'dent')


def draw(shapes: list[dict], size: tuple[int, int]) -> np.ndarray:
    ids = np.zeros(size, np.uint8)
    for shape in shapes:
        ids[fill_shape(shape, size)] = CLASSES.index(shape['label'])
    return ids


@pytest.fixture
def nested() -> np.ndarray:
    """Rings in rings, of all classes, side by side and within each other."""
    ids = np.zeros((60, 80), np.uint8)
    for i, value in enumerate((1, 0, 2, 1, 0, 1)):
        ids[4 + 4 * i:56 - 4 * i, 4 + 4 * i:56 - 4 * i] = value
    ids[4:20, 60:70] = 2
    ids[20:30, 60:70] = 1  # touches it
    ids[50, 70:78] = 2  # a line
    ids[58, 78] = 1  # a pixel
    return ids


def test_come_back(nested, tmp_path):
    shapes = ids_to_shapes(nested, CLASSES)
    assert len(shapes) == 10  # none twice
    path = tmp_path / 'labelme' / 'a.json'
    write_shapes(path, tmp_path / 'a.png', shapes, nested.shape)
    found, size, flags = read_shapes(path)
    assert (size, flags) == (nested.shape, {})
    np.testing.assert_array_equal(draw(found, size), nested)


def test_nothing_and_unknown():
    ids = np.zeros((8, 9), np.uint8)
    assert ids_to_shapes(ids, CLASSES) == []
    ids[2:5, 2:5] = 255
    assert [shape['label'] for shape in ids_to_shapes(ids, CLASSES)] == [
        'ignore']
