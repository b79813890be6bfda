"""What is found in masks, and what is proposed for it."""
import json

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_ext.conversion import (
    ClassMap,
    Pair,
    propose_rules,
    survey_masks,
)


def ids_of(num: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(
        0, num, (20, 30), dtype=np.uint8)


@pytest.mark.parametrize('values, dtype, rules', [
    ([0, 255], np.uint8, ['background=0', 'foreground=255']),
    ([0, 128, 255], np.uint8, ['class_0=0', 'class_1=128', 'class_2=255']),
    ([0, 1, 2, 255], np.uint8,
     ['class_0=0', 'class_1=1', 'class_2=2', 'ignore=255']),
    ([0, 1, 65535], np.uint16, ['background=0', 'foreground=1',
                                'ignore=65535']),
    ([-1, 0, 1, 2], np.int32,
     ['class_0=0', 'class_1=1', 'class_2=2', 'ignore=-1']),
    (list(range(12)), np.uint8, [f'class_{i}={i}' for i in range(12)]),
])
def test_values(pair, values, dtype, rules):
    values = np.array(values, dtype)
    ids = ids_of(len(values))
    pairs = [pair(values[ids], suffix='.tif'),
             pair(values[np.zeros_like(ids)], 'b', suffix='.tif')]
    steps = []
    survey = survey_masks(pairs, lambda *step: steps.append(step))
    assert steps == [(1, 2), (2, 2)]
    assert not survey.smoothed
    key = str(values[0])
    assert survey.found[key] == 600 + (ids == 0).sum()
    assert survey.files[key] == 2 and survey.files[str(values[1])] == 1
    assert '1 of 2' in survey.table()
    assert propose_rules(survey) == rules


def test_names_are_those_given(pair):
    survey = survey_masks([pair(ids_of(3))])
    assert propose_rules(survey, ['x', 'y', 'z']) == ['x=0', 'y=1', 'z=2']
    with pytest.raises(ValueError, match=r'3 values.*2 classes \(x, y\)'):
        propose_rules(survey, ['x', 'y'])


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_colours(pair, dtype):
    palette = np.array([(0, 255, 0), (0, 0, 0), (255, 0, 0), (9, 8, 7)],
                       dtype) * dtype(np.iinfo(dtype).max // 255)
    ids = ids_of(4)
    ids[0] = 2  # red is the most frequent
    survey = survey_masks([pair(palette[ids])])
    rules = propose_rules(survey)
    assert rules[0] == 'background=0,0,0'
    assert set(rules[1:]) == {'green=0,255,0', 'red=255,0,0',
                              f'class_{_place(rules, "9,8,7")}=9,8,7'}
    assert rules[1] == 'red=255,0,0'


def test_white_of_16_bits(pair):
    palette = np.array([(0, 0, 0), (65535, 65535, 65535), (65535, 0, 0)],
                       np.uint16)
    one = pair(palette[ids_of(3)], suffix='.tif')
    rules = propose_rules(survey_masks([one]))
    assert sorted(rules) == ['background=0,0,0', 'red=255,0,0',
                             'white=255,255,255']
    class_map = ClassMap(rules)
    found, _ = class_map.to_ids(one.mask, class_map.read(one.mask), None)
    names = np.array(['background', 'white', 'red'])[ids_of(3)]
    np.testing.assert_array_equal(np.array(class_map.classes)[found], names)


def _place(rules, key) -> int:
    return next(i for i, rule in enumerate(rules) if rule.endswith(key))


def painted(photograph) -> np.ndarray:
    mask = np.stack([photograph] * 3, -1)
    mask[2:9, 2:9] = (0, 0, 255)
    mask[12:15, 20:25] = (255, 0, 0)
    return mask


@pytest.mark.parametrize('change, key', [(0, 'unpainted'), (1, 'grey')])
def test_painted_photograph(pair, photograph, change, key):
    one = pair(painted(photograph + change).astype(np.uint8))
    survey = survey_masks([one])
    assert survey.found == {key: 536, '0,0,255': 49, '255,0,0': 15}
    rules = propose_rules(survey)
    assert rules == [f'background={key}', 'blue=0,0,255', 'red=255,0,0']


def indexed(one: Pair, ids, palette) -> Pair:
    picture = Image.fromarray(ids, 'P')
    picture.putpalette(palette)
    picture.save(one.mask)
    return one


def test_indexed_files(pair):
    palette = [255, 0, 0, 0, 0, 255]
    ids = ids_of(2)
    same = [indexed(pair(ids, name), ids, palette) for name in 'ab']
    assert propose_rules(survey_masks(same)) == ['background=0',
                                                 'foreground=1']
    # numbered otherwise in the second file: only the colours are steady
    same[1] = indexed(same[1], 1 - ids, palette[3:] + palette[:3])
    rules = propose_rules(survey_masks(same))
    assert sorted(rules) == ['blue=0,0,255', 'red=255,0,0']
    class_map = ClassMap(rules)
    first, second = (class_map.to_ids(one.mask, class_map.read(one.mask),
                                      ids)[0] for one in same)
    np.testing.assert_array_equal(first, second)


def test_smoothed_mask(pair):
    mask = np.zeros((200, 300), np.float32)
    cv2.circle(mask, (100, 100), 60, 255, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 1).astype(np.uint8)
    survey = survey_masks([pair(mask, image=np.zeros_like(mask))])
    assert survey.smoothed and len(survey.found) > 20
    assert 'more' in survey.table()
    assert propose_rules(survey) == ['background=0', 'foreground=255']


def test_jpeg_of_a_painted_photograph(pair, photograph):
    image = cv2.resize(photograph, (300, 200))
    mask = np.stack([image] * 3, -1)
    mask[20:90, 20:90] = (0, 0, 255)
    mask[120:150, 200:250] = (255, 0, 0)
    one = pair(mask, image=image, suffix='.jpg')
    survey = survey_masks([one])
    assert survey.smoothed
    found = ClassMap(propose_rules(survey), nearest=True)
    ids, fraction = found.to_ids(one.mask, found.read(one.mask), image)
    assert fraction > 0
    assert (ids[22:88, 22:88] == ids[50, 50]).all()
    assert len({ids[50, 50], ids[130, 220], ids[0, 0]}) == 3


def test_photograph_is_no_mask(pair, photograph):
    survey = survey_masks([pair(photograph)])
    with pytest.raises(ValueError, match='are these the masks'):
        propose_rules(survey)


def test_labels(tmp_path):
    pairs = []
    for name, labels in dict(a=['pore', 'grain'], b=['grain']).items():
        path = tmp_path / f'{name}.json'
        path.write_text(json.dumps(dict(shapes=[
            dict(label=label, points=[[0, 0], [9, 9]]) for label in labels])))
        pairs.append(Pair(name, 'train', f'{name}.png', str(path)))
    survey = survey_masks(pairs)
    assert survey.found == dict(grain=2, pore=1)
    assert survey.unit == 'shapes'
    assert propose_rules(survey) == ['background=unpainted', 'grain=grain',
                                     'pore=pore']


def test_labelme_and_images_are_not_mixed(tmp_path, pair):
    other = Pair('b', 'train', 'b.png', str(tmp_path / 'b.json'))
    with pytest.raises(ValueError, match='1 of 2 masks are JSON files'):
        survey_masks([pair(ids_of(2)), other])
