"""Names of images and masks, and lists of them."""
import shutil
import unicodedata

import pytest

from mmseg_ext.checking.pairing import list_pairs
from mmseg_ext.datasets import SEMDataset


def rename_masks(pairs, name) -> None:
    for path in list(pairs.root.glob('masks/*/*.png')):
        path.rename(path.with_name(name.format(path.stem)))


def test_samples_are_those_of_the_dataset(pairs):
    settings = dict(data_root=str(pairs.root), label_map={0: 0, 1: 2, 2: 1},
                    info_band='mask', bit_depth=12, pipeline=(),
                    ignore_colors=[[1, 2, 3]])
    dataset = SEMDataset(**settings)
    listing = list_pairs(
        dataset.data_prefix['img_path'], dataset.data_prefix['seg_map_path'],
        dataset.reading)
    assert listing.samples == dataset.load_data_list()
    assert not listing.findings


def test_missing_masks(pairs, find, options):
    (pairs.root / 'masks/train/1.png').unlink()
    result = pairs.check()
    finding = find(result, 'Images have no mask')
    assert (finding.severity, finding.count) == ('error', 1)
    assert finding.names == (str(pairs.root / 'images/train/1.png'), )
    assert options(finding) == dict(ann_file='train.txt')
    assert result.statistics[0].masks == 2  # the others are checked


def test_capital_letters(pairs, find):
    (pairs.root / 'images/train/1.png').rename(
        pairs.root / 'images/train/b.png')
    (pairs.root / 'masks/train/1.png').rename(
        pairs.root / 'masks/train/B.png')
    assert 'B is not b: rename one' in find(
        pairs.check(), 'Images have no mask').fix


def test_surplus_masks(pairs, find):
    shutil.copy(pairs.root / 'masks/train/1.png',
                pairs.root / 'masks/train/other.png')
    result = pairs.check()
    finding = find(result, 'masks without an image')
    assert finding.severity == 'warning'
    assert finding.names == (str(pairs.root / 'masks/train/other.png'), )
    assert not result.failed


@pytest.mark.parametrize('name', ['{}_mask.png', 'label_{}.png'])
def test_masks_of_other_names(pairs, find, name):
    rename_masks(pairs, name)
    result = pairs.check()
    findings = [f for f in result.findings if 'other names' in f.what]
    assert [f.count for f in findings] == [3, 2]
    assert f'{name.format(0)} -> 0.png' in findings[0].fix
    # that is all: they are paired and sound
    assert [f.severity for f in result.findings] == ['error', 'error']
    assert result.statistics[0].masks == 3


def test_numbers_are_not_taken_for_additions(pairs, find):
    """10.png is another image's mask, not that of 1.png."""
    (pairs.root / 'masks/train/1.png').rename(
        pairs.root / 'masks/train/10.png')
    result = pairs.check()
    assert find(result, 'Images have no mask').count == 1
    assert find(result, 'masks without an image').count == 1


def test_labelme_files_in_place_of_masks(pairs, find):
    for path in list(pairs.root.glob('masks/train/*.png')):
        path.with_suffix('.json').write_text('{}')
        path.unlink()
    finding = find(pairs.check(), 'a format that is not read')
    assert finding.count == 3
    assert 'convert_masks SOURCE OUT' in finding.fix


def test_images_and_masks_in_one_folder(pairs, find):
    for path in list(pairs.root.glob('masks/*/*.png')):
        split = path.parent.name
        path.rename(pairs.root / f'images/{split}/{path.stem}_GT.png')
    shutil.rmtree(pairs.root / 'masks')
    (pairs.root / 'masks').symlink_to(pairs.root / 'images')
    result = pairs.check()
    assert len(result.findings) == 2  # one a split, and the pairs are sound
    assert 'in one folder' in result.findings[0].what
    assert result.statistics[0].masks == 3


def test_one_name_with_two_suffixes(pairs, find):
    shutil.copy(pairs.root / 'images/train/1.png',
                pairs.root / 'images/train/1.bmp')
    finding = find(pairs.check(), 'several suffixes')
    assert finding.severity == 'error'
    assert '1.bmp and' in finding.names[0]


def test_no_images(pairs, find):
    shutil.rmtree(pairs.root / 'images/val')
    finding = find(pairs.check(), 'There are no images')
    assert finding.severity == 'error'
    assert '--images DIR' in finding.fix


def test_long_lists_are_cut(pairs, find):
    for path in list(pairs.root.glob('masks/train/*.png')):
        path.unlink()
    for i in range(9):
        shutil.copy(pairs.root / 'images/train/0.png',
                    pairs.root / f'images/train/more{i}.png')
    finding = find(pairs.check(), 'Images have no mask')
    assert (finding.count, len(finding.names)) == (12, 5)


def test_lists(pairs, find):
    (pairs.root / 'images/train/list.txt').write_text('0\n1.png\n1\nzebra\n')
    result = pairs.check(ann_file=str(pairs.root / 'images/train/list.txt'))
    findings = [f for f in result.findings if 'that are not in' in f.what]
    assert findings[0].names == ('zebra', )
    assert findings[0].severity == 'error'
    assert result.statistics[0].listed == 2
    unused = find(result, 'in the list (ann_file) of no split')
    assert unused.severity == 'note'
    assert str(pairs.root / 'images/train/2.png') in unused.names


def test_a_list_that_is_not_there(pairs, find):
    result = pairs.check(ann_file='nowhere.txt')
    findings = [f for f in result.findings if 'There is no now' in f.what]
    assert {f.severity for f in findings} == {'error'}


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
def test_lists_of_windows(pairs, encoding):
    path = pairs.root / 'list.txt'
    path.write_text('# those that are sharp\n.\\0.png \n1.PNG\n',
                    encoding=encoding, newline='\r\n')
    result = pairs.check(ann_file=str(path))
    assert result.statistics[0].listed == 2


def test_a_list_in_a_code_page_is_named(pairs):
    path = pairs.root / 'list.txt'
    path.write_bytes('Gefüge\n'.encode('cp1252'))
    result = pairs.check(ann_file=str(path))
    assert any('list.txt is not UTF-8 text' in f.what and
               'save it as UTF-8' in f.what for f in result.findings)


def test_names_of_a_mac_beside_names_of_others(pairs):
    for kind, form in (('images', 'NFD'), ('masks', 'NFC')):
        folder = pairs.root / kind / 'train'
        (folder / '0.png').rename(
            folder / unicodedata.normalize(form, 'Gefüge_0.png'))
    result = pairs.check()
    assert not result.failed
    assert result.statistics[0].masks == 3


def test_jpegs_beside_their_masks(pairs):
    """a.jpg and a.png in one folder; nothing tells to delete one."""
    for split, seeds in (('train', (0, 1, 2)), ('val', (3, 4))):
        for seed in seeds:
            pairs.save(f'both/{split}/{seed}.jpg', pairs.texture(seed))
            pairs.save(f'both/{split}/{seed}.png', pairs.phases(seed))
    for kind in ('images', 'masks'):
        shutil.rmtree(pairs.root / kind)
        (pairs.root / kind).symlink_to(pairs.root / 'both')
    result = pairs.check()
    assert [f.severity for f in result.findings] == ['error', 'error']
    assert all('in one folder' in f.what for f in result.findings)
    assert 'convert_masks SOURCE OUT --images . --masks .' in (
        result.findings[0].fix)
    assert result.statistics[0].masks == 3
    assert 'emove' not in result.findings[0].fix


def test_masks_of_ilastik_are_named(pairs, find):
    for path in list(pairs.root.glob('masks/*/*.png')):
        path.rename(path.with_suffix('.h5'))
    for finding in pairs.check().findings:
        assert 'HDF5, as of ilastik: Prediction Export' in finding.fix


@pytest.mark.parametrize('number', [2, 3])
def test_ids_from_1_deserve_a_hint(pairs, number):
    """Three classes, with the third among the values or not."""
    pairs.save_masks(lambda ids: ids + 1, number=number)
    found = [f.fix for f in pairs.check().findings if 'ilastik' in f.fix]
    assert found
    assert "--dataset-options 'label_map={1: 0, 2: 1, 3: 2}'" in found[0]
