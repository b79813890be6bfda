"""Every pixel comes back to one phase, whatever touches or encloses what."""
import json

import cv2
import numpy as np
import pytest

from mmseg_ext.basics.labelme_files import ids_to_shapes
from mmseg_ext.labeling import shapes_to_ids

CLASSES = ('matrix', 'carbide', 'pore')


def there_and_back(ids, base=0, tolerance=0.75, classes=CLASSES):
    shapes = json.loads(json.dumps(
        ids_to_shapes(ids, classes, base, tolerance)))
    return shapes, shapes_to_ids(shapes, ids.shape, classes, base).ids


def least_dice(ids, found) -> float:
    return min(2 * ((ids == i) & (found == i)).sum()
               / ((ids == i).sum() + (found == i).sum())
               for i in np.unique(ids))


@pytest.fixture
def nested() -> np.ndarray:
    """A carbide with a hole of matrix, in it a pore that holds a carbide."""
    ids = np.zeros((40, 30), np.uint8)
    ids[3:36, 2:28] = 1
    ids[6:33, 5:25] = 0
    ids[9:20, 8:20] = 2
    ids[12:15, 10:13] = 1
    ids[20:30, 8:20] = 1  # touches the pore
    ids[38, 28] = 2
    ids[37:, :3] = 255
    return ids


@pytest.mark.parametrize('base', [0, 1, 2])
def test_holes_islands_and_neighbours(nested, base):
    shapes, found = there_and_back(nested, base)
    # straight edges: the polygons are exact
    np.testing.assert_array_equal(found, nested)
    assert all(len(shape['points']) >= 3 for shape in shapes)
    if base == 0:
        assert [shape['label'] for shape in shapes] == [
            'carbide', 'matrix', 'pore', 'carbide', 'carbide', 'ignore',
            'pore']


def test_the_whole_image_is_one_phase():
    ids = np.full((8, 9), 2, np.uint8)
    assert there_and_back(ids, 2)[0] == []
    np.testing.assert_array_equal(there_and_back(ids, 0)[1], ids)


@pytest.mark.parametrize('seed', range(3))
def test_noise_is_exact_without_tolerance(seed):
    # parts of all sizes that meet at corners, in holes of holes
    ids = np.random.default_rng(seed).integers(0, 3, (30, 41), np.uint8)
    np.testing.assert_array_equal(there_and_back(ids, 1, 0)[1], ids)


def test_a_tolerance_saves_corners_and_costs_little():
    noise = np.random.default_rng(0).normal(size=(160, 200)).astype('f4')
    smooth = cv2.GaussianBlur(noise, (0, 0), 6)
    ids = np.digitize(smooth, np.quantile(smooth, [0.5, 0.9])).astype('u1')
    exact, coarse = (there_and_back(ids, tolerance=tolerance)
                     for tolerance in (0, 0.75))
    corners = [sum(len(shape['points']) for shape in shapes)
               for shapes, _ in (exact, coarse)]
    assert corners[1] < 0.6 * corners[0]
    assert 0.98 <= least_dice(ids, coarse[1]) < 1


def test_small_parts_get_finer_polygons():
    ids = np.zeros((20, 20), np.uint8)
    cv2.circle(ids, (9, 9), 4, 1, -1)
    found = there_and_back(ids, tolerance=5)[1]
    assert least_dice(ids, found) >= 0.98


def measure(masks, classes) -> None:
    for ids in masks:
        base = int(np.bincount(ids[ids < 255]).argmax())
        found = there_and_back(ids, base, classes=classes)[1]
        assert least_dice(ids, found) >= 0.98


def test_real_metaldam(metaldam_root):
    # that of the least Dice, and that of the smallest phase
    measure((cv2.imread(str(metaldam_root / f'labels/micrograph{i}.png'),
                        cv2.IMREAD_GRAYSCALE) for i in (6, 16)), 'abcde')


def test_real_super1(repository):
    root = repository.parent / 'shared/data/nasa_super1/test_annot'
    if not root.is_dir():
        pytest.skip(f'needs the masks of Super1 in {root}')
    masks = []
    for path in sorted(root.iterdir()):
        colours = cv2.imread(str(path)).astype(int)
        ids = np.zeros(colours.shape[:2], np.uint8)
        for i, channel in enumerate((2, 0), 1):  # red, blue
            others = np.delete(colours, channel, 2).max(-1)
            ids[(colours[..., channel] > 200) & (others < 50)] = i
        masks.append(ids)
    assert {*np.unique(masks)} == {0, 1, 2}
    measure(masks, CLASSES)


def rectangle(label, *corners) -> dict:
    return dict(label=label, shape_type='rectangle', points=corners)


def test_what_a_person_draws():
    drawn = shapes_to_ids([
        rectangle('carbide', (2, 3), (6, 8)),
        rectangle('ignore', (5, 5), (9, 9)),
        rectangle('pore', (17, 2), (30, 4)),
    ], (12, 20), CLASSES, 0)
    expected = np.zeros((12, 20), np.uint8)
    expected[3:9, 2:7] = 1
    expected[5:10, 5:10] = 255
    expected[2:5, 17:] = 2
    np.testing.assert_array_equal(drawn.ids, expected)
    assert drawn.clipped == 1


@pytest.mark.parametrize(('wrong', 'found'), [
    (rectangle('carbid', (1, 1), (4, 4)), "shape 1 .*'carbid'.*Rename"),
    (rectangle('pore', (1, 1)), 'shape 1 .*no area'),
    (rectangle('pore', (21, 1), (25, 4)), 'shape 1 .*no pixel of the image'),
])
def test_shapes_that_mean_nothing(wrong, found):
    with pytest.raises(ValueError, match=found):
        shapes_to_ids([rectangle('pore', (1, 1), (3, 3)), wrong], (12, 20),
                      CLASSES, 0)
