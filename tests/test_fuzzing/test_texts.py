"""Lists and annotations that something has happened to."""
import copy
import json

import cv2
import numpy as np
import pytest
from fuzzed_pictures import block, flip, sound_pictures, truncate
from PIL import Image, ImageDraw
from refusals import refusal, sentence

from mmseg_ext.checking import check_splits, splits_of_folders
from mmseg_ext.conversion import (
    LabelMap,
    Pair,
    convert_masks,
    find_pairs,
    survey_masks,
)

LISTS, ANNOTATIONS, SEED = 18, 18, 17
HEIGHT, WIDTH = 36, 45
UNSURE = 9
NAMES = ['a', 'b', 'c', 'd']
LABELLED = {
    'version': '5.0', 'imageHeight': HEIGHT, 'imageWidth': WIDTH,
    'flags': {}, 'shapes': [
        {'label': 'grain', 'shape_type': 'polygon', 'points': [
            [3, 4], [30, 5], [28, 30], [4, 25]]},
        {'label': 'pore', 'shape_type': 'rectangle', 'points': [
            [10, 10], [20, 18]]},
        {'label': 'pore', 'shape_type': 'circle', 'points': [
            [34, 20], [38, 20]]}]}
COCO = {
    'images': [{'id': 1, 'file_name': 'a.png', 'height': HEIGHT,
                'width': WIDTH}],
    'categories': [{'id': 1, 'name': 'grain'}, {'id': 2, 'name': 'pore'}],
    'annotations': [
        {'id': 1, 'image_id': 1, 'category_id': 1, 'iscrowd': 0,
         'segmentation': [[3, 4, 30, 5, 28, 30, 4, 25]]},
        {'id': 2, 'image_id': 1, 'category_id': 2, 'iscrowd': 1,
         'segmentation': {'size': [HEIGHT, WIDTH],
                          'counts': [400, 30, WIDTH * HEIGHT - 430]}}]}
VALUES = [None, True, -1, 0, 10**30, 1e308, float('nan'), float('inf'), '',
          'x' * 300, '\0', '\ud800', [], {}, [[]], [None], {'id': []}, 'RLE']
LINES = [b'', b'e', b'../a', b'/etc/passwd', b'a.png', b'A', b'a ' * 9, b'#',
         b'\0', b'x' * 5000, b'\xff\xfe', b'\xef\xbb\xbfa', 'ä'.encode(
             'cp1252'), b'.', b'..', b'*', b'a\tb', b'a,b', b'b\r']


def write_pairs(root) -> None:
    for folder in ('images', 'masks'):
        (root / folder).mkdir()
        for name in NAMES:
            (root / f'{folder}/{name}.png').write_bytes(
                sound_pictures()['grey.png'])


def fuzzed_lists() -> list[bytes]:
    rng = np.random.default_rng(SEED)
    found = []
    for i in range(LISTS):
        lines = [b'a', b'b', b'c']
        if i % 3 == 0:
            lines.insert(rng.integers(4), LINES[rng.integers(len(LINES))])
        text = b'\n'.join(lines)
        if i % 3 == 1:
            text = (flip, truncate, block)[rng.integers(3)](text, rng)
        if i % 3 == 2:
            encoding = ('utf-16', 'utf-16-be', 'utf-32', 'cp037', 'utf-7')
            text = text.decode().encode(encoding[rng.integers(5)])
            text = text[:len(text) - rng.integers(3)]
        found.append(text)
    return found


@pytest.mark.parametrize('text', fuzzed_lists(), ids=range(LISTS))
def test_lists(tmp_path, text):
    write_pairs(tmp_path)
    (tmp_path / 'train.txt').write_bytes(text)
    (tmp_path / 'val.txt').write_bytes(b'd')
    result = check_splits(splits_of_folders(
        'images', 'masks', ('dark', 'grey', 'bright'), options=dict(
            data_root=str(tmp_path), ann_file='train.txt',
            label_map={0: 0, 100: 1, 250: 2})))
    used = result.statistics[0].images
    said = [f.what for f in result.findings if f.severity == 'error'
            or 'more than once' in f.what]
    assert all('train.txt' in what for what in said)
    try:
        pairs, _ = find_pairs(tmp_path, split_lists='.')
    except Exception as error:
        told = sentence(error, '')
        assert 'train.txt' in told or str(tmp_path) in told
        assert said or 'd (train, val)' in told
        return
    names = [pair.name for pair in pairs if pair.split == 'train']
    assert set(names) <= set(NAMES) and len(names) == used
    # and nothing else is used than what a plain reading finds
    plain = text.decode('utf-8-sig', 'replace').split()
    if not said and set(plain) <= {'a', 'b', 'c', '#'}:
        assert set(names) == set(plain) - {'#'}


def places(value, path=()) -> list[tuple]:
    """Return the way to every value within lists and dictionaries."""
    items = value.items() if isinstance(value, dict) else enumerate(
        value) if isinstance(value, list) else ()
    return [path] * bool(path) + [
        way for key, one in items for way in places(one, (*path, key))]


def fuzzed_annotations() -> list[bytes]:
    rng = np.random.default_rng(SEED)
    found = []
    for i in range(ANNOTATIONS):
        content = copy.deepcopy((LABELLED, COCO)[i % 2])
        ways = places(content)
        *way, last = ways[rng.integers(len(ways))]
        part = content
        for key in way:
            part = part[key]
        if rng.random() < .2:
            del part[last]
        else:
            part[last] = VALUES[rng.integers(len(VALUES))]
        data = json.dumps(content).encode()
        if i % 3 == 2:
            data = (flip, truncate, block)[rng.integers(3)](
                json.dumps((LABELLED, COCO)[i % 2]).encode(), rng)
        found.append(data)
    return found


@pytest.mark.parametrize('data', fuzzed_annotations(),
                         ids=range(ANNOTATIONS))
def test_annotations(tmp_path, data):
    write_pairs(tmp_path)
    (tmp_path / 'a.json').write_bytes(data)
    pair = Pair('a', 'train', str(tmp_path / 'images/a.png'),
                str(tmp_path / 'a.json'))
    rules = LabelMap(['rest=unpainted', 'grain=grain', 'pore=pore'])
    out = tmp_path / 'out'
    refusal(lambda path: survey_masks([pair]), tmp_path / 'a.json')
    if refusal(lambda path: convert_masks(out, [pair], rules),
               tmp_path / 'a.json'):
        assert not out.exists()
        return
    ids = cv2.imread(str(out / 'masks/train/a.png'), -1)
    content = json.loads(data)
    if 'shapes' in content:
        check_polygons(ids, content['shapes'])


def check_polygons(ids: np.ndarray, shapes: list[dict]) -> None:
    """Compare with Pillow's polygons, but for their outlines."""
    drawn = Image.new('L', ids.shape[::-1])
    for shape in shapes:
        points = shape['points']
        kind = shape.get('shape_type') or 'polygon'
        draw = ImageDraw.Draw(drawn)
        fill = ['rest', 'grain', 'pore'].index(shape['label'])
        if kind == 'polygon':
            outline = [tuple(point) for point in points]
            draw.polygon(outline, fill=fill)
            draw.line([*outline, outline[0]], fill=UNSURE, width=4)
        elif kind == 'rectangle':
            corners = np.sort(points, axis=0)
            draw.rectangle(list(map(tuple, corners.tolist())), fill=fill,
                           outline=UNSURE)
        else:
            (x, y), (right, below) = points
            radius = np.hypot(right - x, below - y)
            draw.ellipse([x - radius, y - radius, x + radius, y + radius],
                         fill=fill, outline=UNSURE, width=2)
    drawn = np.asarray(drawn)
    sure = drawn != UNSURE
    # and right beside an ellipse, which is drawn otherwise
    sure &= cv2.erode(sure.astype(np.uint8), np.ones((3, 3))) > 0
    np.testing.assert_array_equal(ids[sure], drawn[sure])
    assert sure.mean() > .5
