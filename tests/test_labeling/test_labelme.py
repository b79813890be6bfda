"""Masks survive labelme's format; what is drawn in it is read."""
import base64
import json

import cv2
import numpy as np
import pytest

from mmseg_ext.labeling.labelme import (
    mask_to_shapes,
    read_labelme,
    shapes_to_mask,
    write_labelme,
)

SIZE = (40, 30)


def shape(kind: str, *points, label='defect', **more) -> dict:
    return dict(label=label, shape_type=kind, points=points, **more)


def edit(path, **changes) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def blank() -> np.ndarray:
    return np.zeros(SIZE, bool)


@pytest.fixture
def nested() -> np.ndarray:
    """A square with a hole, an island in the hole, a line and a pixel."""
    mask = blank()
    mask[5:30, 5:28] = True
    mask[8:27, 8:25] = False
    mask[14:20, 12:18] = True
    mask[35, 3:20] = True
    mask[1, 1] = True
    return mask


def test_parts_holes_and_islands_come_back(nested):
    shapes = mask_to_shapes(nested)
    assert [one['label'] for one in shapes] == [  # the largest first
        'defect', 'background', 'defect', 'defect', 'defect']
    assert all(len(one['points']) >= 3 for one in shapes)
    # straight edges: the polygons are exact
    np.testing.assert_array_equal(shapes_to_mask(shapes, SIZE), nested)


def test_round_parts_come_back_nearly():
    rows, cols = np.indices((200, 200))
    mask = np.hypot(rows - 90, cols - 110) < 60
    shapes = mask_to_shapes(mask)
    assert len(shapes[0]['points']) < 60  # few enough to drag about
    again = shapes_to_mask(shapes, mask.shape)
    assert (mask & again).sum() / (mask | again).sum() > 0.98


def test_file(nested, tmp_path):
    path = tmp_path / 'labelme' / 'a.json'
    write_labelme(path, str(tmp_path / 'images' / 'a.png'), nested, True)
    content = json.loads(path.read_text())
    assert content['imagePath'] == '../images/a.png'
    assert (content['imageHeight'], content['imageWidth']) == SIZE
    mask, accepted = read_labelme(path, SIZE)
    np.testing.assert_array_equal(mask, nested)
    assert accepted
    edit(path, flags={})
    assert not read_labelme(path, SIZE)[1]


def test_every_kind_of_shape():
    patch = np.zeros((3, 4), np.uint8)
    patch[1] = 255
    code = base64.b64encode(cv2.imencode('.png', patch)[1]).decode()
    mask = shapes_to_mask([
        shape('polygon', (2, 2), (6, 2), (6, 5), (2, 5)),
        shape('rectangle', (14, 9), (10, 8)),
        shape('circle', (20, 20), (22, 20)),
        shape('mask', (27, 30), (30, 32), mask=code),
        shape('rectangle', (3, 3), (4, 4), label='background'),
    ], SIZE)
    expected = blank()
    expected[2:6, 2:7] = True
    expected[3:5, 3:5] = False
    expected[8:10, 10:15] = True
    expected[31, 27:30] = True  # the fourth column is outside the image
    circle = mask[17:24, 17:24]
    assert circle[3].sum() == circle[:, 3].sum() == 5
    expected[17:24, 17:24] = circle
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize(('wrong', 'found'), [
    (shape('polygon', (1, 1), (2, 2), (3, 1), label='scratch'), 'scratch'),
    (shape('point', (1, 1)), "'point' that covers no area"),
    (shape('polygon', (1, 1), (2, 2)), 'no area'),
    (shape('mask', (1, 1), (2, 2), mask='%%'), 'no area'),
    (shape('rectangle', (1, 1)), 'no area'),
])
def test_shapes_that_mean_nothing(wrong, found, tmp_path):
    path = tmp_path / 'a.json'
    write_labelme(path, 'a.png', blank(), False)
    edit(path, shapes=[wrong])
    with pytest.raises(ValueError, match=f'a.json: shape 0.*{found}'):
        read_labelme(path, SIZE)


def test_other_files(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('{"version": 1}')
    with pytest.raises(ValueError, match='no JSON file of labelme'):
        read_labelme(path, SIZE)
    path.write_text('[')
    with pytest.raises(ValueError, match='no JSON file of labelme'):
        read_labelme(path, SIZE)
    write_labelme(path, 'a.png', blank(), False)
    with pytest.raises(ValueError, match='image of 40 x 30'):
        read_labelme(path, (30, 40))
