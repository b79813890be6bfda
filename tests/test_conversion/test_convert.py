"""Whole sets: what is written, what is refused, what is left alone."""
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image
from tiff_writer import grey, tiff

from mmseg_ext.basics.image_files import read_image
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.conversion import (
    RECIPES,
    ClassMap,
    LabelMap,
    Pair,
    convert_masks,
    describe_conversion,
    find_pairs,
)
from mmseg_ext.datasets import SEMDataset
from mmseg_ext.samples import write_sem_sample
from mmseg_ext.version import __version__

RULES = ['a=0', 'b=128', 'c=255']
VALUES = np.array([0, 128, 255], np.uint8)
PIPELINE = [
    dict(type='LoadSEMImageFromFile'),
    dict(type='LoadSEMAnnotations'),
    dict(type='PackSegInputs'),
]


@pytest.fixture
def ids() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 3, (20, 30), dtype=np.uint8)


def read_set(root, split, classes, **kwargs) -> SEMDataset:
    init_default_scope('mmseg')
    return SEMDataset(
        data_root=str(root),
        data_prefix=dict(
            img_path=f'images/{split}', seg_map_path=f'masks/{split}'),
        metainfo=dict(classes=classes),
        pipeline=PIPELINE,
        **kwargs)


def files(root) -> list[str]:
    return sorted(str(path.relative_to(root))
                  for path in root.rglob('*') if path.is_file())


def test_set_and_record(tmp_path, pair, ids):
    other = np.zeros_like(ids)
    pairs = [pair(VALUES[ids]), pair(VALUES[other], 'x/b', 'val', '.tif')]
    steps = []
    record = convert_masks(
        tmp_path / 'out', pairs, ClassMap(RULES),
        progress=lambda *step: steps.append(step), settings=dict(seed=3))
    out = tmp_path / 'out'
    assert files(out) == [
        'conversion.json', 'images/train/a.png', 'images/val/x/b.png',
        'masks/train/a.png', 'masks/val/x/b.png']
    assert steps == [(1, 2), (2, 2)]
    np.testing.assert_array_equal(
        decode_mask(str(out / 'masks/train/a.png')), ids)
    assert record == json.loads((out / 'conversion.json').read_text())
    n = [int((ids == i).sum()) for i in range(3)]
    assert record == dict(
        mmseg_ext=__version__,
        settings=dict(seed=3),
        classes=['a', 'b', 'c'],
        mapping={'0': 'a', '128': 'b', '255': 'c'},
        images=dict(train=1, val=1, test=0),
        pixels=dict(train=dict(a=n[0], b=n[1], c=n[2], ignore=0),
                    val=dict(a=600, b=0, c=0, ignore=0)),
        images_with_class=dict(train=dict(a=1, b=1, c=1),
                               val=dict(a=1, b=0, c=0)),
        classes_without_a_pixel=dict(train=[], val=['b', 'c']),
        near_duplicates=[],
        images_by_rows_cropped={'0': 2},
        images_with_information_band=[],
        guessed_share_of_pixels={})
    dataset = read_set(out, 'train', ('a', 'b', 'c'))
    np.testing.assert_array_equal(
        dataset[0]['data_samples'].gt_sem_seg.data[0].numpy(), ids)
    assert list(tmp_path.glob('.out-*')) == []


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_images_are_copied_byte_for_byte(tmp_path, pair, ids, dtype):
    image = np.arange(600, dtype=dtype).reshape(20, 30)
    one = pair(VALUES[ids], image=image * dtype(1))
    path = tmp_path / 'source/images/a.TIF'
    path.write_bytes(cv2.imencode('.tif', image)[1].tobytes())
    one = Pair('a', 'train', str(path), one.mask)
    convert_masks(tmp_path / 'out', [one], ClassMap(RULES))
    copy = tmp_path / 'out/images/train/a.TIF'
    assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize('crop', ['auto', 5])
@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_image_is_cropped_to_its_shorter_mask(
        tmp_path, pair, ids, dtype, channels, crop):
    shape = (20, 30, channels) if channels > 1 else (20, 30)
    image = np.random.default_rng(0).integers(
        0, np.iinfo(dtype).max, shape, dtype=dtype)
    one = pair(VALUES[ids[:15]], image=image)
    record = convert_masks(
        tmp_path / 'out', [one], ClassMap(RULES), crop)
    found = cv2.imread(str(tmp_path / 'out/images/train/a.png'), -1)
    assert found.dtype == dtype
    expected = image[:15, :, ::-1] if channels > 1 else image[:15]
    np.testing.assert_array_equal(found, expected)
    assert record['images_by_rows_cropped'] == {'5': 1}
    assert '1 image by 5 rows' in describe_conversion('out', record)


def test_band_is_cropped_off_image_and_mask(tmp_path):
    source = write_sem_sample(tmp_path / 'source', 2, 1, (96, 160), 24)
    for path in source.glob('masks/*/*.png'):
        mask = cv2.imread(str(path), 0)
        band = np.full((24, 160), 77, np.uint8)
        cv2.imwrite(str(path), np.concatenate([mask, band]))
    pairs, _ = find_pairs(source)
    class_map = ClassMap(['A=0', 'B=1', 'C=2'])
    with pytest.raises(ValueError, match=r'3 of 3 pairs.*\n.*77 \(20 %\)'):
        convert_masks(tmp_path / 'a', pairs, class_map)
    for out, crop in (('b', 'auto'), ('c', 24)):
        record = convert_masks(tmp_path / out, pairs, class_map, crop)
        assert record['images_by_rows_cropped'] == {'24': 3}
        shapes = {tuple(sample['inputs'].shape) for sample in read_set(
            tmp_path / out, 'train', ('A', 'B', 'C'))}
        assert shapes == {(3, 96, 160)}
    ignoring = ClassMap(['A=0', 'B=1', 'C=2', 'ignore=77'])
    record = convert_masks(tmp_path / 'd', pairs, ignoring)
    assert len(record['images_with_information_band']) == 3
    said = describe_conversion('d', record)
    assert '3 images seem to have an information band' in said
    assert '--crop-bottom auto' in said
    assert 'ignore' in said


@pytest.mark.parametrize('shape, crop, sentence', [
    ((18, 30), None, r'30 x 20 .*30 x 18.*band of 2 rows.*--crop-bottom auto'),
    ((18, 30), 3, r'2 rows less; --crop-bottom 3 cuts 3'),
    ((10, 30), 'auto', 'more than an information band'),
    ((20, 29), 'auto', 'Replace the one that is wrong'),
    ((21, 30), 'auto', 'Replace the one that is wrong'),
    ((20, 30), 20, 'leaves nothing'),
])
def test_sizes_that_do_not_match(tmp_path, pair, shape, crop, sentence):
    one = pair(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match=rf'a\.png.*{sentence}'):
        convert_masks(tmp_path / 'out', [one], ClassMap(RULES), crop)


def test_all_faults_are_named_and_nothing_is_written(tmp_path, pair, ids):
    pairs = [pair(VALUES[ids]), pair(ids, 'b'), pair(VALUES[ids], 'c'),
             pair(VALUES[ids], 'd')]
    (tmp_path / 'source/masks/c.png').write_bytes(b'torn')
    image = tmp_path / 'source/images/d.png'
    cv2.imwrite(str(image.with_suffix('.tif')),
                np.ones((20, 30), np.float32))
    image.with_suffix('.tif').rename(image)
    with pytest.raises(ValueError) as error:
        convert_masks(tmp_path / 'out', pairs, ClassMap(RULES))
    lines = str(error.value).split('\n')
    assert lines[0] == '3 of 4 pairs cannot be converted. Nothing was written.'
    assert 'b.png holds values that are not mapped' in lines[1]
    assert 'c.png cannot be read as an image' in lines[2]
    assert 'd.png holds float32 values' in lines[3]
    assert [path.name for path in tmp_path.iterdir()] == ['source']


def test_interruption_leaves_nothing(tmp_path, pair, ids):
    def interrupt(done, total):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        convert_masks(tmp_path / 'out', [pair(VALUES[ids])], ClassMap(RULES),
                      progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ['source']


@pytest.mark.parametrize('there', ['images', 'masks', 'conversion.json'])
def test_nothing_is_overwritten(tmp_path, pair, ids, there):
    (tmp_path / 'out' / there).mkdir(parents=True)
    with pytest.raises(FileExistsError, match=f'{there} exist already'):
        convert_masks(tmp_path / 'out', [pair(VALUES[ids])], ClassMap(RULES))
    assert files(tmp_path / 'out') == []
    (tmp_path / 'file').write_text('')
    with pytest.raises(FileExistsError, match='is no folder'):
        convert_masks(tmp_path / 'file', [], ClassMap(RULES))


def test_other_files_in_the_folder_stay(tmp_path, pair, ids):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/notes.txt').write_text('mine')
    convert_masks(tmp_path / 'out', [pair(VALUES[ids])], ClassMap(RULES))
    assert (tmp_path / 'out/notes.txt').read_text() == 'mine'


def test_two_classes_and_pixels_without_label(tmp_path, pair):
    """SEMDataset takes 0 and 255 alone for a coding, unless it is told."""
    mask = np.zeros((20, 30), np.int32)
    mask[:5] = -1
    record = convert_masks(tmp_path / 'out', [pair(mask, suffix='.tif')],
                           ClassMap(['a=0', 'b=1', 'ignore=-1']))
    said = describe_conversion('out', record)
    assert 'No pixel to train on: b' in said
    line = said[said.index('label_map='):]
    arguments = eval(f'dict({line})')
    dataset = read_set(tmp_path / 'out', 'train', ('a', 'b'), **arguments)
    labels = dataset[0]['data_samples'].gt_sem_seg.data
    assert labels.unique().tolist() == [0, 255]


def test_guesses_are_told(tmp_path, pair):
    mask = np.zeros((20, 30), np.uint8)
    mask[:, 15:] = 255
    mask[:, 14] = 100
    record = convert_masks(
        tmp_path / 'out', [pair(mask)],
        ClassMap(['a=0', 'b=255'], nearest=True))
    assert record['guessed_share_of_pixels'] == {
        'train/a': pytest.approx(1 / 30)}
    assert 'at most 3.33 % (train/a)' in describe_conversion('out', record)


def test_labelme_files(tmp_path, photograph):
    for name, image in (('a', photograph), ('b', 255 - photograph**2)):
        cv2.imwrite(str(tmp_path / f'{name}.png'), image)
        shapes = [dict(label='pore', shape_type='rectangle',
                       points=[[2, 3], [9, 18]])]
        (tmp_path / f'{name}.json').write_text(json.dumps(dict(
            shapes=shapes, imageHeight=20, imageWidth=30)))
    pairs, _ = find_pairs(tmp_path, '.', '.', split=(1, 1))
    record = convert_masks(tmp_path / 'out', pairs,
                           LabelMap(['metal=unpainted', 'pore=pore']), 4,
                           split=(1, 1))
    assert record['images_by_rows_cropped'] == {'4': 2}
    expected = np.zeros((16, 30), np.uint8)
    expected[3:, 2:10] = 1
    for split in ('train', 'val'):
        sample, = read_set(tmp_path / 'out', split, record['classes'])
        np.testing.assert_array_equal(
            sample['data_samples'].gt_sem_seg.data[0], expected)


def convert_recipe(name, root, out, **changes) -> dict:
    recipe = dict(RECIPES[name], **changes)
    split = recipe.get('split')
    rules, crop = recipe.pop('map'), recipe.pop('crop_bottom', None)
    pairs, notes = find_pairs(root, **recipe)
    assert notes == []
    return convert_masks(out, pairs, ClassMap(rules), crop, split=split)


@pytest.mark.shared_data
def test_real_nasa_super1(tmp_path, nasa_root):
    record = convert_recipe('nasa_super1', nasa_root, tmp_path / 'out')
    assert record['images'] == dict(train=10, val=4, test=4)
    for split in ('train', 'val', 'test'):
        for path in sorted((nasa_root / f'{split}_annot').iterdir()):
            stem = path.stem[:-len('_mask')]
            blue, green, red, _ = cv2.split(cv2.imread(str(path), -1))
            expected = np.where(blue > green, 1, np.where(red > green, 2, 0))
            np.testing.assert_array_equal(
                cv2.imread(str(tmp_path / f'out/masks/{split}/{stem}.png'),
                           -1), expected)
            image = f'{split}/{stem}.tif'
            assert ((tmp_path / 'out/images' / image).read_bytes() ==
                    (nasa_root / image).read_bytes())
    test = record['pixels']['test']
    # counted by the publishers' format alone: 47.8, 49.6, 2.6 %
    fractions = [round(100 * test[name] / (4 * 512 * 512), 1)
                 for name in record['classes']]
    assert fractions == [47.8, 49.6, 2.6]
    dataset = read_set(tmp_path / 'out', 'test', record['classes'])
    assert len(dataset) == 4
    assert dataset[0]['inputs'].shape == (3, 512, 512)


@pytest.mark.shared_data
def test_real_pair_of_16_bits(tmp_path, nasa_root):
    record = convert_recipe(
        'nasa_super1', nasa_root, tmp_path / 'out', images='hard_16bit',
        masks='hard_16bit', split=(1, 0))
    mask = cv2.imread(str(next(nasa_root.glob('hard_16bit/*_mask.tif'))), -1)
    blue, red = ((mask[..., :3] == colour).all(-1).sum()
                 for colour in ((65535, 0, 0), (0, 0, 65535)))
    counts = record['pixels']['train']
    assert (counts['secondary'], counts['tertiary']) == (blue, red)
    assert blue > 40 * red > 0
    path = next((tmp_path / 'out/images/train').iterdir())
    assert cv2.imread(str(path), -1).dtype == np.uint16
    sample = read_set(tmp_path / 'out', 'train', record['classes'])[0]
    assert sample['data_samples'].gt_sem_seg.data.unique().tolist() == [
        0, 1, 2]


@pytest.mark.shared_data
def test_real_metaldam(tmp_path, metaldam_root):
    record = convert_recipe('metaldam', metaldam_root, tmp_path / 'out')
    assert record['images'] == dict(train=24, val=6, test=0)
    assert record['images_by_rows_cropped'] == {'65': 28, '66': 2}
    assert record['images_with_information_band'] == []
    for path in (tmp_path / 'out/masks').glob('*/*.png'):
        published = cv2.imread(
            str(metaldam_root / 'labels' / path.name), 0)
        np.testing.assert_array_equal(cv2.imread(str(path), -1), published)
        image = read_image(
            str(metaldam_root / 'images' / f'{path.stem}.jpg'))
        np.testing.assert_array_equal(
            read_image(str(path).replace('/masks/', '/images/')),
            image[:len(published)])
    assert len(read_set(tmp_path / 'out', 'val', record['classes'])) == 6


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif'])
@pytest.mark.parametrize('orientation', [1, 3, 6])
def test_images_are_written_upright(tmp_path, pair, ids, suffix,
                                    orientation):
    one = pair(VALUES[ids])
    exif = Image.Exif()
    exif[274] = orientation
    quarters = {1: 0, 3: 2, 6: 1}[orientation]
    with Image.open(one.image) as picture:
        pixels = np.asarray(picture)
    source = tmp_path / f'turned.{suffix}'
    Image.fromarray(np.rot90(pixels, quarters)).save(source, exif=exif)
    one = replace(one, image=str(source))
    convert_masks(tmp_path / 'out', [one], ClassMap(RULES))
    written, = (tmp_path / 'out/images/train').iterdir()
    if orientation == 1:
        assert written.read_bytes() == source.read_bytes()
    else:  # without the tag, for programs that ignore it
        with Image.open(written) as picture:
            assert picture.getexif().get(274) is None
        np.testing.assert_array_equal(
            cv2.imread(str(written), -1), read_image(source)[..., 0])
    if suffix != 'jpg':
        np.testing.assert_array_equal(read_image(written)[..., 0], pixels)


@pytest.mark.parametrize('bits', [1, 8, 16])
def test_masks_of_an_inverting_table_keep_their_values(tmp_path, pair, bits):
    drawn = np.zeros((20, 30), np.uint8)
    drawn[:5] = 1
    one = pair(drawn)
    mask = tmp_path / 'mask.tif'
    mask.write_bytes(tiff([grey(drawn, bits, t262=0)], '>'))
    convert_masks(tmp_path / 'out', [replace(one, mask=str(mask))],
                  ClassMap(['matrix=0', 'particle=1']))
    np.testing.assert_array_equal(
        decode_mask(str(tmp_path / 'out/masks/train/a.png')), drawn)
def test_names_that_fit_no_record_are_named(tmp_path, pair, ids):
    pairs = [pair(VALUES[ids]), pair(VALUES[ids], 'b\rc')]
    with pytest.raises(ValueError, match=r'1 of 2 pairs.*\n.*control char.*'
                       r'b\\rc'):
        convert_masks(tmp_path / 'out', pairs, ClassMap(RULES))
    assert not (tmp_path / 'out').exists()


def test_the_longest_names(tmp_path, pair, ids):
    name = 'x' * 251
    convert_masks(tmp_path / 'out', [pair(VALUES[ids], name)],
                  ClassMap(RULES))
    assert files(tmp_path / 'out') == [
        'conversion.json', f'images/train/{name}.png',
        f'masks/train/{name}.png']


def test_a_folder_named_as_a_mask(tmp_path, pair, ids):
    pairs = [pair(VALUES[ids]), pair(VALUES[ids], 'b')]
    pairs[1] = replace(pairs[1], name='a.png/b')
    with pytest.raises(ValueError, match=r'1 of 2 pairs.*\n.*images/b\.png'):
        convert_masks(tmp_path / 'out', pairs, ClassMap(RULES))


def test_a_lack_of_memory_names_the_pair(tmp_path, pair, ids, monkeypatch):
    def lack(self, path):
        raise MemoryError

    monkeypatch.setattr(ClassMap, 'read', lack)
    with pytest.raises(ValueError, match=r'1 of 1 pairs.*\n.*a\.png .*is too '
                       'large for the memory'):
        convert_masks(tmp_path / 'out', [pair(VALUES[ids])], ClassMap(RULES))
