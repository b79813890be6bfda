"""Outlines lie where the masks do; tiles are in their order."""
import numpy as np
import pytest

from mmseg_ext.visualization import Tile, draw_contact_sheet, draw_overlay

RED, GREEN = (0, 0, 255), (0, 200, 0)


def is_colour(picture: np.ndarray, colour) -> np.ndarray:
    return (picture == colour).all(-1)


def test_outlines_in_place():
    image = np.full((60, 50, 3), 90, np.uint8)
    before = image.copy()
    mask, truth = np.zeros((2, 60, 50), bool)
    mask[10:20, 5:15] = True
    truth[30:50, 20:40] = True
    truth[35:45, 25:35] = False
    picture = draw_overlay(image, mask, [(15, 40)], truth)
    np.testing.assert_array_equal(image, before)
    rows, cols = np.nonzero(is_colour(picture, RED))
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (10, 19, 5, 14)
    assert not is_colour(picture, RED)[12:18, 7:13].any()
    # the hole's outline, too
    assert is_colour(picture, GREEN)[34, 26:34].all()
    assert is_colour(picture, (0, 255, 255))[15, 40]


def test_tiles_in_their_order():
    tiles = [Tile(np.full((100, 40, 3), value, np.uint8), [f'{value}', 'x'])
             for value in range(10, 60, 10)]
    tiles.insert(1, Tile(None, ['none']))
    sheet = draw_contact_sheet(tiles, 'title', size=50, width=200)
    places = {}
    for value in range(10, 60, 10):
        found = is_colour(sheet, (value, ) * 3)
        found &= found.sum(axis=1, keepdims=True) >= 20  # no letters' pixels
        rows, cols = np.nonzero(found)
        assert rows.max() - rows.min() == 49  # half the size
        places[value] = (rows.min(), cols.min())
    assert list(places) == sorted(places, key=places.get)
    assert len({row for row, _ in places.values()}) > 1
    assert is_colour(sheet, (200, ) * 3).sum() >= 25 * 25


def test_rows_are_as_high_as_their_pictures():
    flat, tall = (np.full((height, 50, 3), 90, np.uint8)
                  for height in (20, 50))
    sheet = draw_contact_sheet([Tile(picture, ['x']) for picture in
                                (flat, flat, tall, flat)], '', 50, 130)
    rows = np.flatnonzero(is_colour(sheet, (90, ) * 3).sum(1) >= 50)
    first, second = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    assert len(first) == 20 and len(second) == 50
    assert second[0] - first[-1] < 40


def test_no_tiles():
    assert draw_contact_sheet([], 'nothing').shape[2] == 3


@pytest.mark.parametrize('shape', [(1, 2000, 3), (2000, 1, 3)])
def test_extreme_shapes(shape):
    tile = Tile(np.full(shape, 9, np.uint8), ['thin'])
    assert (draw_contact_sheet([tile], 'title') == 9).all(axis=2).any()
