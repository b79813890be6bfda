"""Figures of several models' predictions, pixel by pixel."""
from dataclasses import replace

import cv2
import numpy as np
import pytest

from mmseg_ext.basics.colours import (
    MASK_COLOURS,
    OKABE_ITO,
    colour_distances,
)
from mmseg_ext.visualization import (
    Box,
    draw_comparison,
    error_map,
    place_boxes,
    save_figure,
)
from mmseg_ext.visualization.comparison import Compared

PALETTE = [[255, 0, 0], [0, 0, 255]]
HEADER, GAP = 22, 6
SIDE = 40  # of an image of 20 x 20, drawn twice as large


@pytest.fixture
def row():
    """The models differ in one corner; the truth is the second's."""
    truth = np.zeros((20, 20), np.uint8)
    truth[:, 10:] = 1
    truth[0, 0] = 255
    first = truth.copy()
    first[12:, 12:] = 0
    first[0, 0] = 0
    image = np.full((20, 20, 3), 90, np.uint8)
    return Compared('a.png', image, truth, dict(one=first, two=truth % 255))


def drawn(figure, tmp_path, name='figure.png'):
    save_figure(figure, str(tmp_path / name))
    return cv2.imread(str(tmp_path / name))


def cell(figure, line, column):
    """The picture in a cell, (SIDE, SIDE, 3), all rows being squares."""
    y = HEADER + line * (SIDE + GAP)
    x = column * (SIDE + GAP)
    return figure[y:y + SIDE, x:x + SIDE]


def test_pixels_have_the_classes_pure_colours(row, tmp_path):
    figure = drawn(draw_comparison([row], 'ab', PALETTE, width=SIDE),
                   tmp_path)
    assert figure.shape == (HEADER + SIDE + GAP + HEADER,
                            4 * (SIDE + GAP) - GAP, 3)
    red, blue, black = (0, 0, 255), (255, 0, 0), (0, 0, 0)
    truth, one = cell(figure, 0, 1), cell(figure, 0, 2)
    for place, colours in {(0, 0): (black, red), (5, 5): (red, red),
                           (5, 30): (blue, blue),
                           (30, 30): (blue, red)}.items():
        assert tuple(truth[place]) == colours[0]
        assert tuple(one[place]) == colours[1]
    assert (cell(figure, 0, 0) == 90).all()


def test_boxes_are_where_the_models_disagree(row):
    assert row.boxes(2, 8) == [Box(12, 12, 8, 8)]


def test_boxes_of_ones_own_are_added(row):
    found = Box(12, 12, 8, 8)
    assert place_boxes([row, row], 1, 8, [(2, 1, 2, 3, 4)]) == [
        [found], [found, Box(1, 2, 3, 4)]]
    assert place_boxes([row], 0, 8) == [[]]
    for number in (0, 2):
        with pytest.raises(ValueError, match=(
                rf'--box {number} 1 2 3 4: the figure has 1 rows')):
            place_boxes([row], 0, 8, [(number, 1, 2, 3, 4)])


def test_closeups_show_the_box_and_the_true_outline(row, tmp_path):
    box = Box(6, 6, 10, 10)
    figure = drawn(draw_comparison(
        [row], 'ab', PALETTE, [[box]], closeups=True, width=SIDE), tmp_path)
    # enlarged four times: the truth's edge at column 10 is at 16
    for column in (1, 2, 3):
        part = cell(figure, 1, column)
        assert (part[4:-4, 15:17] == 255).all()
        assert tuple(part[10, 8]) == (0, 0, 255)
        assert tuple(part[10, 25]) == (255, 0, 0)
    # the first model's error begins at 12, four times (12 - 6)
    assert tuple(cell(figure, 1, 2)[30, 30]) == (0, 0, 255)
    assert tuple(cell(figure, 1, 3)[30, 30]) == (255, 0, 0)
    # the box itself, in orange, in the whole picture
    edge = cell(figure, 0, 0)[20, 11:14].astype(int)
    assert any(blue < 60 and red > 200 for blue, _, red in edge)


def test_error_maps(row, tmp_path):
    picture, fraction = error_map(row.image, row.predictions['one'], row.truth,
                                  (215, 25, 28))
    assert fraction == pytest.approx(64 / 399)
    marked = (picture == (28, 25, 215)).all(-1)
    np.testing.assert_array_equal(
        marked, (row.predictions['one'] != row.truth) & (row.truth != 255))
    assert (picture[0, 0] == 0).all()
    figure = drawn(draw_comparison(
        [row], 'ab', PALETTE, errors=True, width=SIDE), tmp_path)
    # beside the reds of PALETTE, magenta is wrong
    assert tuple(cell(figure, 1, 2)[34, 34]) == (255, 0, 255)
    assert tuple(cell(figure, 1, 3)[34, 34]) == (158, 158, 158)


@pytest.mark.parametrize('palette', [
    OKABE_ITO, MASK_COLOURS, MASK_COLOURS[:3], MASK_COLOURS[:5],
    [[0, 0, 0], [255, 0, 0]]])
def test_no_class_has_the_colour_of_errors(palette, row):
    figure = draw_comparison([row], 'abcdefgh'[:len(palette)], palette,
                             errors=True, width=SIDE)
    shown = {text.get_text(): patch.get_facecolor()[:3] for text, patch in zip(
        figure.texts[-len(palette) - 2:],
        figure.artists[-len(palette) - 2:])}
    wrong = np.array(shown['wrong']) * 255
    assert colour_distances(wrong, [*palette, [0] * 3, [170] * 3]).min() > 40


def test_no_cell_is_empty(row, tmp_path):
    figure = drawn(draw_comparison(
        [row], 'ab', PALETTE, errors=True, width=SIDE), tmp_path)
    # the edge between the true classes, over the image
    image = cell(figure, 1, 0)
    assert (image[30, 19:21] != 90).any(-1).all()
    assert (image[30, [5, 35]] == 90).all()
    # nothing is wrong in both models
    assert (cell(figure, 1, 1)[30, [5, 34]] == 158).all()
    alone = drawn(draw_comparison(
        [replace(row, predictions=dict(one=row.predictions['one']))], 'ab',
        PALETTE, errors=True, width=SIDE), tmp_path)
    assert tuple(cell(alone, 1, 1)[34, 34]) == (255, 0, 0)  # true is b


def test_scale_bars_of_image_and_closeup(row):
    figure = draw_comparison(
        [replace(row, um_per_pixel=0.5)], 'ab', PALETTE,
        [[Box(6, 6, 10, 10)]], closeups=True, width=200)
    found = [(text.get_text(), max(
        patch.get_width() for patch in axes.patches
        if patch.get_facecolor() == (1, 1, 1, 1)))
        for axes in figure.axes for text in axes.texts]
    # ten pixels a pixel, then twenty
    assert found == [('2 µm', 40), ('1 µm', 40)]


def test_svg_keeps_text_as_text(row, tmp_path):
    figure = draw_comparison([row], ('ferrite', 'pearlite'), PALETTE,
                             errors=True, width=80)
    save_figure(figure, str(tmp_path / 'figure.svg'))
    text = (tmp_path / 'figure.svg').read_text()
    for word in ('image', 'ground truth', 'one', 'two', 'ferrite', 'pearlite',
                 'wrong', 'no label', '16.0 % wrong'):
        assert f'>{word}</text>' in text


@pytest.mark.parametrize('box', [
    Box(-1, 0, 5, 5), Box(0, 0, 0, 5), Box(16, 0, 5, 5), Box(0, 18, 5, 3)])
def test_boxes_outside_the_image(row, box):
    with pytest.raises(ValueError, match=r'is not in a\.png of 20 x 20'):
        draw_comparison([row], 'ab', PALETTE, [[box]])


def test_nothing_to_draw():
    with pytest.raises(ValueError, match='no image'):
        draw_comparison([], 'ab', PALETTE)
