"""Shapes of annotation programs, and labels of every kind."""
import base64
import json
import shlex

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmseg_ext.conversion import LabelMap
from mmseg_ext.conversion.label_map import propose_label_rules


def polygon(label, points, kind='polygon', **kwargs) -> dict:
    return dict(label=label, points=points, shape_type=kind, **kwargs)


def mask_shape(label, corner, part) -> dict:
    data = cv2.imencode('.png', part.astype(np.uint8) * 255)[1]
    height, width = part.shape
    x, y = corner
    return polygon(label, [[x, y], [x + width - 1, y + height - 1]], 'mask',
                   mask=base64.b64encode(data.tobytes()).decode())


def write_json(tmp_path, shapes, size=(20, 30)) -> str:
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(dict(
        version='5.4.1', flags={}, shapes=shapes, imagePath='a.png',
        imageData=None, imageHeight=size[0], imageWidth=size[1])))
    return str(path)


SHAPES = [
    polygon('grain one', [[2, 3], [25, 3], [25, 17], [2, 17]]),
    polygon('pore', [[5, 5], [10, 9]], 'rectangle'),
    polygon('grain two', [[18, 10], [18, 14]], 'circle'),
    mask_shape('pore', (20, 2), np.eye(4, dtype=bool)),
    polygon('grain one', [[7, 6], [8, 8]], 'rectangle'),  # over the pore
]
RULES = ['matrix=unpainted', 'grain=grain one', 'grain=grain two',
         'pore=pore']


def test_labelme_shapes(tmp_path):
    found = LabelMap(RULES).draw(write_json(tmp_path, SHAPES), (20, 30))
    expected = Image.new('L', (30, 20))
    draw = ImageDraw.Draw(expected)
    draw.rectangle((2, 3, 25, 17), fill=1)
    draw.rectangle((5, 5, 10, 9), fill=2)
    draw.ellipse((14, 6, 22, 14), fill=1)
    expected = np.array(expected)
    for i in range(4):
        expected[2 + i, 20 + i] = 2
    expected[6:9, 7:9] = 1
    # two programs' circles of radius 4 differ on the rim
    rows, columns = np.ogrid[-10:10, -18:12]
    rim = np.abs(np.hypot(rows, columns) - 4) < 1
    assert (found == expected)[~rim].all()
    assert found[10, 18] == found[10, 22] == found[6, 18] == 1


@pytest.mark.parametrize('shapes, rules, sentence', [
    (SHAPES, RULES[:3], "shape 1 is labelled 'pore', which is not mapped"),
    (SHAPES, RULES[1:], '% of the pixels lie in no shape.*=unpainted'),
    ([polygon('pore', [[1, 1], [9, 9]], 'line')], RULES,
     "shape 0 is a 'line' that covers no area"),
    ([polygon('pore', [[1, 1], [9, 9]])], RULES, 'covers no area'),
    ([dict(label='pore')], RULES, 'no JSON file of labelme'),
])
def test_labelme_files_are_refused(tmp_path, shapes, rules, sentence):
    with pytest.raises(ValueError, match=rf'a\.json.*{sentence}'):
        LabelMap(rules).draw(write_json(tmp_path, shapes), (20, 30))


def test_labelme_file_of_another_image(tmp_path):
    path = write_json(tmp_path, SHAPES, (20, 31))
    with pytest.raises(ValueError, match=r'of 31 x 20 .*this one has 30 x'):
        LabelMap(RULES).draw(path, (20, 30))
    (tmp_path / 'b.json').write_text('{"shapes": ')
    with pytest.raises(ValueError, match=r'b\.json is no JSON file'):
        LabelMap(RULES).draw(str(tmp_path / 'b.json'), (20, 30))
