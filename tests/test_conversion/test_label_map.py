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


@pytest.mark.parametrize(('size', 'said'), [
    (('20', '30'), ''), ((20.0, 30.0), ''), ((None, 30), ''), ((0, 0), ''),
    (('21', '30'), '30 x 21'), ((None, 31), '31 x any')])
def test_sizes_in_other_words(tmp_path, size, said):
    path = write_json(tmp_path, SHAPES, size)
    if not said:
        assert LabelMap(RULES).draw(path, (20, 30)).shape == (20, 30)
        return
    with pytest.raises(ValueError, match=f'belongs to an image of {said}'):
        LabelMap(RULES).draw(path, (20, 30))


ODD_LABELS = ['1', '2.5', 'grey', 'unpainted', 'label:x', 'ignore', '',
              ' ', 'a=b', '=', 'a_b', '-x', '--map', 'background', '255,0,0',
              "it's", '$HOME `ls` "x" \\', 'Riß 裂纹', 'a\nb', ' ignore',
              '*', '!!', '-']


@pytest.mark.parametrize('labels', [[label] for label in ODD_LABELS]
                         + [ODD_LABELS])
def test_what_is_proposed_is_accepted(tmp_path, labels):
    """Also after a shell has taken it apart."""
    rules = propose_label_rules(labels)
    assert shlex.split(shlex.join(rules)) == rules
    assert not any(rule.startswith('-') for rule in rules)
    rules = LabelMap(rules)
    assert set(rules.labels) == set(labels)
    assert rules.classes[0] == 'background'
    # labels are told apart, but for those that say what the class is
    own = {label: rules.labels[label] for label in labels
           if label not in ('ignore', 'background')}
    assert len(set(own.values())) == len(own)
    assert set(own.values()).isdisjoint({0, 255})
    assert rules.labels.get('ignore', 255) == 255
    assert rules.labels.get('background', 0) == 0
    boxes = [polygon(label, [[i % 30, 2 * (i // 30)]] * 2, 'rectangle')
             for i, label in enumerate(labels)]
    ids = rules.draw(write_json(tmp_path, boxes), (20, 30))
    assert [ids[2 * (i // 30), i % 30] for i in range(len(labels))] == [
        rules.labels[label] for label in labels]


def test_labels_that_are_numbers_or_nothing(tmp_path):
    boxes = [polygon(label, [[i, 1], [i, 1]], 'rectangle')
             for i, label in enumerate((1, '1', None, 2))]
    ids = LabelMap(['m=unpainted', 'one=1', 'two=2', 'none=']).draw(
        write_json(tmp_path, boxes), (20, 30))
    assert ids[1, :5].tolist() == [1, 1, 3, 2, 0]


def test_classes_that_have_an_equals_sign():
    rules = propose_label_rules(['a'], ['rest', 'Ti=0.5'])
    assert rules == ['rest=unpainted', 'Ti=0.5=a']
    assert LabelMap(rules, ['rest', 'Ti=0.5']).labels == {'a': 1}
    with pytest.raises(ValueError, match=r'2 labels .* are for 1 classes'):
        propose_label_rules(['a'], ['rest'])


def test_one_label_in_two_spellings():
    with pytest.raises(ValueError, match='is mapped to two'):
        LabelMap(['x=a', 'y=label:a'])


@pytest.mark.parametrize('points', [
    [[1, 1], [float('nan'), 1], [9, 9]], [[1, 1], [2**31, 1], [9, 9]], []])
def test_shapes_that_cannot_be_drawn_are_named(tmp_path, points):
    path = write_json(tmp_path, [SHAPES[0], polygon('pore', points)])
    with pytest.raises(ValueError, match=r"a\.json: shape 1 is a 'polygon'"):
        LabelMap(RULES).draw(path, (20, 30))
