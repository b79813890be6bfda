"""Shapes that have an area are drawn, and others named."""
import base64
import json

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmseg_ext.basics.shapes import (
    draw_shapes,
    fill_shape,
    label_of,
    read_shapes,
)

SIZE = (96, 128)
BOX = [[10, 8], [49, 8], [49, 29], [10, 29]]


def shape(points, kind='polygon', **more) -> dict:
    return dict(label='particle', points=points, shape_type=kind, **more)


def picture(part: np.ndarray) -> str:
    data = cv2.imencode('.png', part.astype(np.uint8) * 255)[1]
    return base64.b64encode(data.tobytes()).decode()


@pytest.mark.parametrize('points', [BOX, BOX[::-1], [BOX[0], BOX[2]],
                                    [BOX[3], BOX[1]],
                                    [BOX[i] for i in (0, 2, 1, 3)]])
def test_rectangles_of_two_and_of_four_corners(points):
    expected = np.zeros(SIZE, bool)
    expected[8:30, 10:50] = True
    np.testing.assert_array_equal(
        fill_shape(shape(points, 'rectangle'), SIZE), expected)


@pytest.mark.parametrize('kind', ['rotation', 'oriented_rectangle',
                                  'quadrilateral', 'polygon'])
def test_turned_rectangles(kind):
    corners = [[30, 10], [60, 30], [50, 45], [20, 25]]
    expected = Image.new('1', SIZE[::-1])
    ImageDraw.Draw(expected).polygon([*map(tuple, corners)], 1, 1)
    found = fill_shape(shape(corners, kind, direction=0.6), SIZE)
    # two programs' outlines differ by a few pixels
    assert (found != np.array(expected)).sum() < 30
    assert found.sum() > 650


def test_what_reaches_a_little_beyond_the_image_is_cut():
    found = fill_shape(shape([[-20, -9], [200, -9], [200, 20], [-20, 20]]),
                       SIZE)
    assert found[:21].all() and not found[21:].any()
    part = np.ones((9, 9), bool)
    found = fill_shape(shape([[-4, 90], [4, 98]], 'mask', mask=picture(part)),
                       SIZE)
    assert found[90:, :5].all() and found.sum() == 6 * 5


NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize('points', [
    [[10, 8], [NAN, 8], [49, 29]], [[10, 8], [INF, 8], [49, 29]],
    [[10, 8], [1e300, 8], [49, 29]], [[10, 8], [2**31, 8], [49, 29]],
    [[10, 8], [-2**40, 8], [49, 29]], [[10, 8], [10**400, 8], [49, 29]],
    [[10, 8], ['49', 8], [49, 29]], [[10, 8], [True, 8], [49, 29]],
    [[10, 8], [None, 8], [49, 29]], [[10, 8], [49], [49, 29]],
    [[10, 8], 49, [49, 29]], [10, 8, 49, 8, 49, 29], 'BOX', None,
    dict(x=1, y=2), [[10, 8], [49, 8, 1], [49, 29]]])
@pytest.mark.parametrize('kind', ['polygon', 'rectangle', 'circle', 'mask'])
def test_what_is_no_coordinate_is_named(points, kind):
    with pytest.raises(ValueError, match=rf'a {kind!r} (whose|that)'):
        fill_shape(shape(points, kind), SIZE)


@pytest.mark.parametrize('points', [
    [[1e6, 1e6], [1e6 + 9, 1e6], [1e6, 1e6 + 9]],
    [[-1e6, 8], [1e6, 8], [49, 29]]])
def test_what_reaches_far_outside_is_named(points):
    with pytest.raises(ValueError, match='far outside of the image of 128'):
        fill_shape(shape(points), SIZE)


def test_what_lies_outside_is_named():
    with pytest.raises(ValueError, match='covers no pixel of the image'):
        fill_shape(shape([[140, 8], [160, 8], [150, 20]]), SIZE)
    with pytest.raises(ValueError, match='covers no pixel of the image'):
        fill_shape(shape([[8, 100], [16, 108]], 'mask',
                         mask=picture(np.ones((9, 9)))), SIZE)


@pytest.mark.parametrize('points, kind', [
    ([], 'polygon'), (BOX[:2], 'polygon'), (BOX, 'linestrip'),
    (BOX[:1], 'point'), (BOX, 'points'), (BOX[:2], 'line'),
    (BOX[:3], 'rectangle'), (BOX[:3], 'circle'), (BOX[:3], 'rotation'),
    (BOX, 'cuboid'), ([], 'mask'), (BOX[:2], 'mask')])
def test_what_has_no_area_is_named(points, kind):
    with pytest.raises(ValueError, match=f'a {kind!r} that covers no area'):
        fill_shape(shape(points, kind), SIZE)


def test_a_mask_that_does_not_fit_its_box():
    with pytest.raises(ValueError, match=r'5 x 4 .*in a box of 20 x 20'):
        fill_shape(shape([[10, 10], [29, 29]], 'mask',
                         mask=picture(np.ones((4, 5)))), SIZE)


@pytest.mark.parametrize('label, text', [
    ('pore', 'pore'), (3, '3'), (1.5, '1.5'), (None, ''), ('', ''),
    ('Gefu\u0308ge', 'Gefüge')])
def test_labels(label, text):
    assert label_of(dict(label=label)) == text


@pytest.mark.parametrize('label', [True, ['a'], dict(a=1)])
def test_what_is_no_label(label):
    with pytest.raises(ValueError, match='which is no text'):
        label_of(dict(label=label))


@pytest.mark.parametrize('shapes', ['[1]', '[{"label": "a"}]',
                                    '[{"points": []}]'])
def test_entries_that_are_no_shapes(tmp_path, shapes):
    (tmp_path / 'a.json').write_text(f'{{"shapes": {shapes}}}')
    with pytest.raises(ValueError, match=r'a\.json .* shape 0 has no label'):
        read_shapes(tmp_path / 'a.json')


@pytest.mark.parametrize('given, height', [
    (480, 480), (480.0, 480), ('480', 480), (' 480.0 ', 480), (None, None),
    ('', None), (0, None), (-1, None)])
def test_sizes_as_programs_write_them(tmp_path, given, height):
    (tmp_path / 'a.json').write_text(json.dumps(
        dict(shapes=[], imageHeight=given, imageWidth=640)))
    assert read_shapes(tmp_path / 'a.json').size == (height, 640)


@pytest.mark.parametrize('given', [
    'high', 480.5, True, [480], {}, float('nan'), float('inf'), 'nan'])
def test_what_is_no_size_is_named(tmp_path, given):
    (tmp_path / 'a.json').write_text(json.dumps(
        dict(shapes=[], imageHeight=480, imageWidth=given)))
    with pytest.raises(ValueError, match=r'a\.json: imageWidth is .*, no nu'):
        read_shapes(tmp_path / 'a.json')


def test_the_later_shape_lies_over_the_earlier():
    drawn = draw_shapes([shape(BOX), dict(
        shape([BOX[0], [19, 17]], 'rectangle'), label='pore')],
        SIZE, dict(particle=1, pore=255), base=7)
    expected = np.full(SIZE, 7, np.uint8)
    expected[8:30, 10:50] = 1
    expected[8:18, 10:20] = 255
    np.testing.assert_array_equal(drawn, expected)
    with pytest.raises(ValueError, match=r'allowed are pore\. Rename'):
        draw_shapes([shape(BOX)], SIZE, dict(pore=1))
