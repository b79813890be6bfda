"""Masks as they come, each read from a file of that kind."""
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

TWO = ('matrix', 'carbide')
PAINT = np.array([[0, 0, 255], [255, 0, 0]])  # RGBA masks: red and blue


def write_int64(path, values: np.ndarray) -> None:
    """Write an uncompressed TIFF of 64-bit integers, which OpenCV cannot."""
    content = values.astype('<i8').tobytes()
    tags = [(256, values.shape[1]), (257, values.shape[0]), (258, 64),
            (259, 1), (262, 1), (273, 8), (277, 1), (278, values.shape[0]),
            (279, len(content)), (339, 2)]  # size, bits, place, signed
    directory = struct.pack('<H', len(tags)) + b''.join(
        struct.pack('<HHII', tag, 4, 1, value) for tag, value in tags)
    path.write_bytes(struct.pack('<2sHI', b'II', 42, 8 + len(content))
                     + content + directory + bytes(4))


def severities(result) -> set:
    return {finding.severity for finding in result.findings}


def test_sound_pairs(pairs):
    result = pairs.check()
    assert result.findings == []
    assert not result.failed
    assert [s.listed for s in result.statistics] == [3, 2]


def test_values_beyond_the_classes(pairs, find):
    mask = pairs.phases(0)
    mask[:12] = 7
    pairs.save('masks/train/0.png', mask)
    result = pairs.check()
    finding = find(result, 'values that are no class: 7 (25 %)')
    assert finding.severity == 'error'
    assert finding.names == (str(pairs.root / 'masks/train/0.png'), )
    assert '0 ferrite, 1 pearlite, 2 pores' in finding.what
    assert 'every class in --classes' in finding.fix
    assert result.failed


@pytest.mark.parametrize(('values', 'mapping'), [
    ((0, 128, 255), {0: 0, 128: 1, 255: 2}),
    ((1, 2, 3), {1: 0, 2: 1, 3: 2}),
    ((10, 20, 30), {10: 0, 20: 1, 30: 2}),
])
def test_other_values_and_the_line_that_mends_them(pairs, find, options,
                                                   values, mapping):
    pairs.save_masks(lambda ids: np.array(values, np.uint8)[ids])
    finding = find(pairs.check(), 'values that are no class')
    assert finding.severity == 'error'
    assert finding.count == 5
    assert '(3 in train, 2 in val)' in finding.what
    assert options(finding) == dict(label_map=mapping)
    assert not pairs.check(label_map=mapping).findings


def test_zero_without_a_label_beside_classes_from_one(pairs, find, options):
    pairs.save_masks(lambda ids: ids, number=4)
    finding = find(pairs.check(), 'values that are no class: 3 (25')
    mapping = {0: 255, 1: 0, 2: 1, 3: 2}
    assert options(finding) == dict(label_map=mapping)
    result = pairs.check(label_map=mapping)
    assert not result.failed
    find(result, 'of the pixels in train have no label (255)')


def test_a_value_that_label_map_does_not_name(pairs, find):
    finding = find(pairs.check(label_map={0: 0, 1: 1}), 'no class: 2')
    assert 'label_map is {0: 0, 1: 1}' in finding.what
    assert finding.fix.startswith('Add 2 to label_map')


@pytest.mark.parametrize('blank', [False, True])
def test_foreground_as_255(pairs, find, options, blank):
    """Also where a mask holds nothing but 255."""
    pairs.save_masks(lambda ids: ids * np.uint8(255), number=2)
    if blank:
        pairs.save('masks/train/0.png', np.full((48, 64), 255, np.uint8))
    finding = find(pairs.check(TWO), 'masks of 0 and 255')
    assert finding.severity == 'error'
    assert finding.count == 5
    assert "'carbide'" in finding.what
    assert options(finding) == dict(label_map={0: 0, 255: 1})
    assert not pairs.check(TWO, label_map={0: 0, 255: 1}).failed


def test_ignored_pixels_are_no_foreground(pairs, find):
    def spoil(ids):
        ids[:12] = 255
        return ids
    pairs.save_masks(spoil, number=2)
    result = pairs.check(TWO)
    assert severities(result) == {'note'}
    find(result, '25 % of the pixels in train have no label')


def test_negative_values(pairs, find, options):
    def spoil(ids):
        ids = ids.astype(np.int32)
        ids[:12] = -1
        return ids
    pairs.save_masks(spoil, 'tif')
    finding = find(pairs.check(), 'negative values')
    assert finding.severity == 'error'
    mapping = {-1: 255, 0: 0, 1: 1, 2: 2}
    assert options(finding) == dict(label_map=mapping)
    assert not pairs.check(label_map=mapping).failed


@pytest.mark.parametrize(('dtype', 'suffix'), [
    (np.uint16, 'png'), (np.int32, 'tif'), (np.float32, 'tif')])
def test_wide_numbers_are_only_noted(pairs, find, dtype, suffix):
    pairs.save_masks(lambda ids: ids.astype(dtype), suffix)
    result = pairs.check()
    finding = find(result, f'stored as {np.dtype(dtype)}')
    assert finding.severity == 'note'
    assert not result.failed
    assert result.statistics[0].masks == 3


def test_int64_with_negative_values(pairs, find):
    """As the labels of UHCS."""
    ids = pairs.phases(0).astype(np.int64)
    (pairs.root / 'masks/train/0.png').unlink()
    write_int64(pairs.root / 'masks/train/0.tif', ids)
    assert find(pairs.check(), 'stored as int64').severity == 'note'
    ids[:12] = -1
    write_int64(pairs.root / 'masks/train/0.tif', ids)
    finding = find(pairs.check(), 'negative values')
    assert '-1 (25 %)' in finding.what
    assert finding.severity == 'error'


def test_uint16_beyond_8_bits(pairs, find, options):
    pairs.save_masks(lambda ids: ids.astype(np.uint16) * 256)
    finding = find(pairs.check(), 'values that are no class')
    mapping = {0: 0, 256: 1, 512: 2}
    assert options(finding) == dict(label_map=mapping)
    assert not pairs.check(label_map=mapping).failed


def test_fractions(pairs, find):
    pairs.save_masks(lambda ids: ids.astype(np.float32) / 4, 'tif')
    finding = find(pairs.check(), 'hold fractions')
    assert finding.severity == 'error'
    assert 'Threshold' in finding.fix


def test_smoothed_edges(pairs, find):
    def smooth(ids):
        large = np.kron(ids * np.uint8(127), np.ones((4, 4), np.uint8))
        return cv2.GaussianBlur(large, (0, 0), 1)[::2, ::2][:48, :64]
    pairs.save_masks(smooth)
    finding = find(pairs.check(), 'smoothed edges (anti-aliasing) and JPEG')
    assert finding.severity == 'error'
    assert 'PNG, without smoothing' in finding.fix


def test_values_that_went_through_jpeg(pairs, find):
    def compress(ids):
        large = np.kron(ids * np.uint8(127), np.ones((4, 4), np.uint8))
        content = cv2.imencode('.jpg', large, [cv2.IMWRITE_JPEG_QUALITY, 80])
        return cv2.imdecode(content[1], 0)[:48, :64]
    pairs.save_masks(compress)
    assert find(pairs.check(), 'and JPEG leave').severity == 'error'


def test_jpeg_files_are_no_masks(pairs, find):
    pairs.save_masks(lambda ids: ids * np.uint8(127), 'jpg')
    result = pairs.check()
    findings = [f for f in result.findings if 'Masks are JPEG' in f.what]
    assert [f.count for f in findings] == [3, 2]
    assert findings[0].severity == 'error'
    assert 'PNG' in findings[0].fix


def test_photographs_in_place_of_masks(pairs, find):
    for seed in (0, 1, 2):
        noise = np.random.default_rng(seed).integers(0, 255, (48, 64))
        pairs.save(f'masks/train/{seed}.png', noise.astype(np.uint8))
    finding = find(pairs.check(), 'as a photograph')
    assert (finding.severity, finding.count) == ('error', 3)


def test_colours_of_the_palette(pairs):
    palette = np.array([[255, 0, 0], [0, 0, 255], [0, 255, 0]], np.uint8)
    pairs.save_masks(lambda ids: palette[ids][..., ::-1])
    assert not pairs.check().findings


def test_colours_of_no_palette(pairs, find, options):
    colours = np.array([[10, 20, 30], [200, 100, 0], [0, 90, 90]], np.uint8)
    pairs.save_masks(lambda ids: colours[ids][..., ::-1])
    finding = find(pairs.check(), 'none of them in the palette')
    assert finding.severity == 'error'
    for colour in colours.tolist():
        assert str(tuple(colour)) in finding.what
        assert str(colour) in finding.fix
    assert list(options(finding)['metainfo']) == ['palette']
    assert 'convert_masks SOURCE OUT' in finding.fix
    assert not pairs.check(metainfo=dict(
        classes=('a', 'b', 'c'), palette=colours.tolist())).failed


def test_some_unknown_colours(pairs, find, options):
    palette = np.array([[255, 0, 0], [0, 0, 255], [0, 255, 0]], np.uint8)

    def spoil(ids):
        colours = palette[ids]
        colours[:12] = (7, 8, 9)
        return colours[..., ::-1]
    pairs.save_masks(spoil)
    finding = find(pairs.check(), 'beside those that are: (7, 8, 9) (25 %)')
    assert finding.severity == 'error'
    assert options(finding) == dict(ignore_colors=[[7, 8, 9]])
    assert not pairs.check(ignore_colors=[[7, 8, 9]]).failed


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_painted_photographs(pairs, find, dtype):
    """Red and blue on grey, in four channels, as NASA's Super sets."""
    full = np.iinfo(dtype).max

    def paint(seed):
        grey = pairs.texture(seed).astype(dtype) * (full // 255)
        ids = pairs.phases(seed)
        picture = np.dstack([grey, grey, grey, np.full_like(grey, full)])
        picture[ids == 1] = (full, 0, 0, full)
        picture[ids == 2] = (0, 0, full, full)
        return picture
    for split, seeds in (('train', (0, 1, 2)), ('val', (3, 4))):
        for seed in seeds:
            (pairs.root / f'masks/{split}/{seed}.png').unlink()
            pairs.save(f'masks/{split}/{seed}.tif', paint(seed))
    finding = find(pairs.check(), 'photographs with colours painted over')
    assert (finding.severity, finding.count) == ('error', 5)
    assert f'(0, 0, {full})' in finding.what
    assert f'({full}, 0, 0)' in finding.what
    assert 'convert_masks SOURCE OUT' in finding.fix
    for rule in ('CLASS=unpainted', 'CLASS=0,0,255', 'CLASS=255,0,0'):
        assert rule in finding.fix


def test_transparent_masks(pairs, find):
    picture = Image.fromarray(pairs.phases(0) * np.uint8(100)).convert('RGBA')
    picture.putalpha(100)
    picture.save(pairs.root / 'masks/train/0.png')
    finding = find(pairs.check(), 'alpha channel that is not opaque')
    assert finding.severity == 'error'


def test_empty_masks(pairs, find):
    pairs.save_masks(lambda ids: ids, number=2)
    pairs.save('masks/train/0.png', np.zeros((48, 64), np.uint8))
    result = pairs.check(TWO)
    finding = find(result, 'masks are empty')
    assert (finding.severity, finding.count) == ('note', 1)
    assert not result.failed


def test_masks_of_one_class(pairs, find):
    pairs.save('masks/train/0.png', np.full((48, 64), 2, np.uint8))
    finding = find(pairs.check(), "one class alone: 'pores' (1)")
    assert finding.severity == 'note'


def test_masks_without_a_label(pairs, find):
    pairs.save('masks/train/0.png', np.full((48, 64), 255, np.uint8))
    finding = find(pairs.check(), 'no pixel of the mask has a label')
    assert finding.severity == 'warning'


def test_a_class_that_training_never_shows(pairs, find):
    pairs.save_masks(lambda ids: np.minimum(ids, 1))
    result = pairs.check()
    assert find(result, "no pixel is of 'pores'").severity == 'warning'
    assert not result.failed


def test_a_class_in_validation_alone(pairs, find):
    for seed in (0, 1, 2):
        pairs.save(f'masks/train/{seed}.png', np.minimum(pairs.phases(seed),
                                                         1))
    finding = find(pairs.check(), "'pores' occurs in val alone")
    assert finding.severity == 'warning'


def test_a_class_in_training_alone(pairs, find):
    for seed in (3, 4):
        pairs.save(f'masks/val/{seed}.png', np.minimum(pairs.phases(seed), 1))
    finding = find(pairs.check(), "No pixel of val is of 'pores'")
    assert finding.severity == 'note'


def test_nothing_to_learn(pairs, find):
    """Three classes, and masks of 0 and 255: all foreground is ignored."""
    pairs.save_masks(lambda ids: ids * np.uint8(255), number=2)
    result = pairs.check()
    assert find(result, 'nothing to learn').severity == 'error'
    find(result, 'of the pixels in train have no label')
