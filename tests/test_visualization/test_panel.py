"""Panels have the classes' colours in the right places."""
import numpy as np
import pytest

from mmseg_ext.visualization import draw_grid, draw_panel, paint

PALETTE = [[255, 0, 0], [0, 0, 255], [0, 255, 0]]


def test_paint_is_in_opencv_order_and_black_elsewhere():
    painted = paint(np.array([[0, 1, 2, 255]], np.uint8), PALETTE)
    assert painted.tolist() == [[[0, 0, 255], [255, 0, 0], [0, 255, 0],
                                 [0, 0, 0]]]


def test_pictures_stand_side_by_side():
    image = np.full((20, 60, 3), 90, np.uint8)
    truth, pred = np.zeros((2, 20, 60), np.uint8)
    pred = pred + 1
    panel = draw_panel(image, truth, dict(model=pred), 'ABC', PALETTE)
    middle = panel[28 + 10]  # below the titles
    assert middle[30].tolist() == [90, 90, 90]
    assert middle[60 + 8 + 30].tolist() == [0, 0, 255]
    assert middle[2 * (60 + 8) + 30].tolist() == [255, 0, 0]
    assert panel.shape[1] == 3 * 60 + 2 * 8


def test_the_scale_bar_is_in_the_image_alone():
    image = np.full((80, 200, 3), 90, np.uint8)
    truth = np.zeros((80, 200), np.uint8)
    plain, scaled = (
        draw_panel(image, truth, dict(model=truth), 'ABC', PALETTE, um)
        for um in (None, 0.1))
    _, columns = np.nonzero((plain != scaled).any(-1))
    assert columns.max() < 200 and columns.min() > 100
    white = (scaled[:, :200] == 255).all(-1)[28:-28]
    # 5 um of 0.1 um a pixel
    assert max(np.count_nonzero(line) for line in white) == 50


def test_a_legend_wraps_before_it_is_cut_off():
    narrow = draw_panel(np.zeros((20, 30, 3), np.uint8),
                        np.zeros((20, 30), np.uint8), {},
                        ['a long name', 'b', 'another name'], PALETTE)
    assert narrow.shape[0] == 28 + 20 + 3 * 28
    for colour in PALETTE:
        assert (narrow == colour[::-1]).all(-1).any()


def test_sizes_must_agree():
    with pytest.raises(ValueError, match=r'\(4, 4\).*\(4, 5\)'):
        draw_panel(
            np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8),
            dict(model=np.zeros((4, 5), np.uint8)), 'ABC', PALETTE)


def test_grid_needs_one_height_a_row_and_one_width_a_column():
    row = dict(a=np.zeros((20, 90, 3), np.uint8),
               b=np.zeros((20, 40, 3), np.uint8))
    grid = draw_grid([row, row], 'ABC', PALETTE)
    # titles, two rows with a gap, legend
    assert grid.shape == (28 + 20 + 8 + 20 + 28, 90 + 8 + 40, 3)
    for other in (dict(row, b=np.zeros((21, 40, 3), np.uint8)),
                  dict(row, b=np.zeros((20, 41, 3), np.uint8))):
        with pytest.raises(ValueError, match='of a row need one height'):
            draw_grid([row, other], 'ABC', PALETTE)
