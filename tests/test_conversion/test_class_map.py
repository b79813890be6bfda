"""Masks of every encoding, read from real files."""
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_ext.conversion import ClassMap

RED, BLUE = (255, 0, 0), (0, 0, 255)
PAINT = ['matrix=unpainted', 'secondary=0,0,255', 'tertiary=255,0,0']


@pytest.fixture
def ids() -> np.ndarray:
    """Class ids in blocks, (20, 30)."""
    ids = np.zeros((20, 30), np.uint8)
    ids[4:12, 5:20] = 1
    ids[10:16, 15:28] = 2
    return ids


def convert(pair, rules, **kwargs) -> np.ndarray:
    class_map = ClassMap(rules, **kwargs)
    return class_map.to_ids(
        pair.mask, class_map.read(pair.mask),
        cv2.imread(pair.image, cv2.IMREAD_UNCHANGED))[0]


def write_int64_tiff(path, values: np.ndarray) -> None:
    """Write 64-bit signed integers, which hardly any program does."""
    data = values.astype('<i8').tobytes()
    height, width = values.shape
    tags = [(256, 4, width), (257, 4, height), (258, 3, 64), (259, 3, 1),
            (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 4, height),
            (279, 4, len(data)), (339, 3, 2)]
    content = b'II*\0' + struct.pack('<I', 8 + len(data)) + data
    content += struct.pack('<H', len(tags))
    for tag, kind, value in tags:
        content += struct.pack('<HHII', tag, kind, 1, value)
    path.write_bytes(content + struct.pack('<I', 0))


@pytest.mark.parametrize('values', [(0, 128, 255), (1, 2, 3), (0, 255, 7)])
def test_grey_codings(pair, ids, values):
    mask = np.array(values, np.uint8)[ids]
    rules = [f'{name}={value}' for name, value in zip('abc', values)]
    np.testing.assert_array_equal(convert(pair(mask), rules), ids)


@pytest.mark.parametrize('dtype', [np.uint16, np.int32, np.int16, np.float32])
def test_wide_tiffs(pair, ids, dtype):
    values = np.array([0, 300, 17]).astype(dtype)
    found = convert(pair(values[ids], suffix='.tif'),
                    ['a=0', 'b=300', 'c=17'])
    np.testing.assert_array_equal(found, ids)


def test_int64_tiff_with_minus_one(pair, ids):
    one = pair(ids, suffix='.tif')
    write_int64_tiff(Path(one.mask), ids.astype(np.int64) - 1)
    found = convert(one, ['a=0', 'b=1', 'ignore=-1'])
    np.testing.assert_array_equal(found, np.array([255, 0, 1])[ids])


def test_three_equal_channels(pair, ids):
    found = convert(pair(np.stack([ids] * 3, -1)), ['a=0', 'b=1', 'c=2'])
    np.testing.assert_array_equal(found, ids)


def test_one_bit(tmp_path, pair, ids):
    one = pair(ids)
    Image.fromarray(ids == 1).save(one.mask)
    assert Image.open(one.mask).mode == '1'
    np.testing.assert_array_equal(convert(one, ['a=0', 'b=1']), ids == 1)


def test_two_values_of_one_class_and_the_order_of_ids(pair, ids):
    mapping = ['c=2', 'a=0', 'a=1']
    class_map = ClassMap(mapping, classes=['a', 'absent', 'c'])
    assert class_map.classes == ('a', 'absent', 'c')
    found = convert(pair(ids), mapping, classes=['a', 'absent', 'c'])
    np.testing.assert_array_equal(found, np.array([0, 0, 2])[ids])


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_colours(pair, ids, dtype):
    palette = np.array([(0, 0, 0), RED, (10, 20, 30)], dtype)
    palette *= np.iinfo(dtype).max // 255
    found = convert(pair(palette[ids]), ['a=0', 'b=255,0,0', 'c=10,20,30'])
    np.testing.assert_array_equal(found, ids)


def test_indexed_file_by_index_or_by_colour(pair, ids):
    one = pair(ids)
    picture = Image.fromarray(np.array([3, 0, 1], np.uint8)[ids], 'P')
    picture.putpalette([*RED, *BLUE, 9, 9, 9, 0, 255, 0])
    picture.save(one.mask)
    for rules in (['a=3', 'b=0', 'c=1'],
                  ['a=0,255,0', 'b=255,0,0', 'c=0,0,255']):
        np.testing.assert_array_equal(convert(one, rules), ids)


def paint(photograph, ids, dtype=np.uint8) -> np.ndarray:
    """Paint on a photograph, with an opaque fourth channel."""
    full = np.iinfo(dtype).max
    scale = full // 255
    painted = np.stack([photograph.astype(dtype) * scale] * 3, -1)
    painted[ids == 1] = np.array(BLUE, dtype) * scale
    painted[ids == 2] = np.array(RED, dtype) * scale
    return np.dstack([painted, np.full(ids.shape, full, dtype)])


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_painted_photograph(pair, photograph, ids, dtype):
    image = photograph.astype(dtype) * (np.iinfo(dtype).max // 255)
    one = pair(paint(photograph, ids, dtype), suffix='.tif', image=image)
    np.testing.assert_array_equal(convert(one, PAINT), ids)
    one = pair(paint(photograph, ids, dtype), suffix='.tif')  # of 8 bits
    np.testing.assert_array_equal(convert(one, PAINT), ids)


def test_photograph_without_paint(pair, photograph, ids):
    one = pair(paint(photograph, np.zeros_like(ids)))
    assert not convert(one, PAINT).any()


def test_paint_of_a_shade_of_grey_is_refused(pair, photograph, ids):
    mask = paint(photograph, ids)
    mask[0, :6] = (222, 222, 222, 255)
    with pytest.raises(ValueError, match=(
            r'a\.png: 1 % of the pixels are grey, but not as in the image'
            r'.*\(222, 222, 222\) \(1 %\).*grey')):
        convert(pair(mask), PAINT)
    found = convert(pair(mask), ['m=grey', *PAINT[1:]])
    np.testing.assert_array_equal(found, ids)


def test_what_is_not_mapped_is_named_with_its_fraction(pair, ids):
    with pytest.raises(ValueError, match=(
            r'a\.png holds values that are not mapped: 2 \(13 %\) of the '
            r'pixels\. Map them, such as a=2')):
        convert(pair(ids), ['a=0', 'b=1'])
    colours = np.array([(0, 0, 0), RED, BLUE], np.uint8)[ids]
    with pytest.raises(ValueError, match=(
            r'colours that are not mapped: \(0, 0, 255\) \(13 %\).*'
            'a=0,0,255')):
        convert(pair(colours), ['a=0,0,0', 'b=255,0,0'])
    with pytest.raises(ValueError, match=r'colour image; only values'):
        convert(pair(colours), ['a=0', 'b=1'])


def test_uint16_is_not_wrapped(pair, ids):
    mask = ids.astype(np.uint16)
    mask[0, 0] = 256
    with pytest.raises(ValueError, match=r'256 \(0.167 %\)'):
        convert(pair(mask), ['a=0', 'b=1', 'c=2'])


def test_fractions_are_refused(pair, ids):
    with pytest.raises(ValueError, match=r'float32 .*on 68\.7 % of'):
        convert(pair(np.float32(ids == 0) * 2 / 3, suffix='.tif'), ['a=0'])


def test_transparency_is_refused(pair, photograph, ids):
    mask = paint(photograph, ids)
    mask[0, 0, 3] = 100
    with pytest.raises(ValueError, match=r'a\.png has an alpha channel'):
        convert(pair(mask), PAINT)


def smooth(ids: np.ndarray, values) -> np.ndarray:
    """Draw a mask at four times the size and average, as programs do."""
    large = np.array(values, np.float32)[ids.repeat(8, 0).repeat(8, 1)]
    large = np.roll(large, (3, 5), (0, 1))
    return np.round(large.reshape(40, 4, 60, 4).mean((1, 3))).astype(np.uint8)


def test_anti_aliased_mask(pair, ids):
    values = (0, 255, 90)
    mask = smooth(ids, values)
    image = np.zeros(mask.shape, np.uint8)
    rules = ['a=0', 'b=255', 'c=90']
    with pytest.raises(ValueError, match=r'smoothed edges.*--nearest'):
        convert(pair(mask, image=image), rules)
    class_map = ClassMap(rules, nearest=True)
    found, fraction = class_map.to_ids('a.png', mask, image)
    exact = np.isin(mask, values)
    assert fraction == pytest.approx(1 - exact.mean()) and fraction > 0.01
    np.testing.assert_array_equal(np.array(values)[found][exact],
                                  mask[exact])
    # between 0 and 255 lies no rim of 90
    large = ids.repeat(2, 0).repeat(2, 1)
    assert np.isin(found[:22, :30], [0, 1]).all()
    assert (found != large).mean() < 0.1


def test_jpeg_of_colours(pair, ids):
    palette = np.array([(0, 0, 0), RED, BLUE], np.uint8)
    large = ids.repeat(8, 0).repeat(8, 1)
    one = pair(palette[large], suffix='.jpg',
               image=np.zeros(large.shape, np.uint8))
    rules = ['a=0,0,0', 'b=255,0,0', 'c=0,0,255']
    with pytest.raises(ValueError, match='--nearest'):
        convert(one, rules)
    found = convert(one, rules, nearest=True)
    assert (found != large).mean() < 0.005


def test_jpeg_of_a_painted_photograph(pair, photograph, ids):
    large = ids.repeat(8, 0).repeat(8, 1)
    image = cv2.resize(photograph, large.shape[::-1])
    one = pair(paint(image, large)[..., :3], suffix='.jpg', image=image)
    found = convert(one, ['matrix=grey', *PAINT[1:]], nearest=True)
    assert (found != large).mean() < 0.02


def test_nearest_does_not_take_a_photograph_for_a_mask(pair, photograph):
    with pytest.raises(ValueError, match='too many for smoothed edges'):
        convert(pair(photograph), ['a=0', 'b=255'], nearest=True)


@pytest.mark.parametrize('classes', [(), ('Ti=0.5', '-x', '=')])
def test_classes_that_have_signs(classes):
    rules = ClassMap(['Ti=0.5=0', '-x=1', '==2'], classes)
    assert rules.classes == ('Ti=0.5', '-x', '=')
    assert rules.keys == {'0': 0, '1': 1, '2': 2}


@pytest.mark.parametrize('rules, kwargs, sentence', [
    (['crack'], {}, 'write CLASS=WHAT'),
    (['=0'], {}, 'write CLASS=WHAT'),
    ([], {}, 'no class is named'),
    (['ignore=0'], {}, 'no class is named'),
    (['a=0', 'b=0'], {}, "'0' is mapped to two classes"),
    (['a=0', 'b=1'], dict(classes=['a', 'c']), "'b' is mapped, but"),
    (['a=0'], dict(classes=['a', 'a']), 'named twice'),
    (['a=0'], dict(classes=['a', 'ignore']), 'it means no label'),
    ([f'c{i}={i}' for i in range(256)], {}, '256 classes'),
    (['a=unpainted', 'b=grey'], {}, 'not both'),
    (['a=unpainted', 'b=9,9,9'], {}, 'paint of that shade'),
    (['a=0,0,0', 'b=65535,0,0'], {}, 'from 0 to 255'),
    (['a=grey', 'b=0'], {}, 'paint of that shade'),
    (['a=unpainted', 'b=255,0,0'], dict(nearest=True), "map 'grey' instead"),
    (['a=' + '9' * 5000], {}, r"'9{40}\.\.\.' is no value"),
    (['a=-' + '9' * 25], {}, 'is no value'),
    (['a=1,2,' + '9' * 25], {}, 'is no value'),
    (['a=0=b'], {}, "'b' is no value"),
])
def test_contradictions(rules, kwargs, sentence):
    with pytest.raises(ValueError, match=sentence):
        ClassMap(rules, **kwargs)
