"""Where models disagree, by hand and by brute force."""
import numpy as np
import pytest

from mmseg_ext.visualization import Box, disagreement, find_boxes


def test_disagreement_of_models():
    a = np.array([[0, 1, 2], [0, 1, 2]])
    b = np.array([[0, 1, 1], [0, 0, 2]])
    c = np.array([[0, 1, 2], [1, 1, 2]])
    np.testing.assert_array_equal(
        disagreement([a, b, c]), [[0, 0, 1], [1, 1, 0]])
    # whoever is right, and not where there is no label
    truth = np.array([[1, 1, 1], [255, 1, 1]])
    np.testing.assert_array_equal(
        disagreement([a, b, c], truth), [[0, 0, 1], [0, 1, 0]])


def test_one_model_is_compared_with_the_truth():
    truth = np.array([[0, 1, 255]])
    np.testing.assert_array_equal(
        disagreement([np.array([[0, 0, 0]])], truth), [[0, 1, 0]])
    with pytest.raises(ValueError, match='there are 1 maps'):
        disagreement([truth])


@pytest.mark.parametrize(('size', 'side'), [
    ((17, 23), 5), ((17, 23), 1), ((6, 40), 9), ((5, 5), 5)])
def test_the_fullest_squares_by_brute_force(size, side):
    marked = np.random.default_rng(0).random(size) < 0.2
    boxes = find_boxes(marked, 3, side)
    height, width = min(side, size[0]), min(side, size[1])
    free = np.ones((size[0] - height + 1, size[1] - width + 1), bool)
    for box in boxes:
        counts = {
            (y, x): marked[y:y + height, x:x + width].sum()
            for y, x in zip(*free.nonzero())}
        assert (box.height, box.width) == (height, width)
        assert box.crop(marked).sum() == max(counts.values())
        for y, x in counts:
            if abs(y - box.y) < height and abs(x - box.x) < width:
                free[y, x] = False
        assert not free[box.y, box.x]
    assert len(boxes) == min(3, (size[0] // height) * (size[1] // width))


def test_no_box_where_nothing_is_marked():
    marked = np.zeros((20, 20), bool)
    assert find_boxes(marked, 3, 4) == []
    marked[3, 4] = True
    box, = find_boxes(marked, 3, 4)
    assert box.crop(marked).any()


@pytest.mark.parametrize('arguments', [dict(count=1, side=0),
                                       dict(count=-1, side=3)])
def test_impossible_squares(arguments):
    with pytest.raises(ValueError, match='must be at least'):
        find_boxes(np.ones((4, 4), bool), **arguments)


def test_box_cuts_x_by_columns():
    picture = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(
        Box(x=1, y=0, width=3, height=2).crop(picture), [[1, 2, 3],
                                                         [5, 6, 7]])
