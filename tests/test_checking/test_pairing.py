"""Names of images and masks, and lists of them."""
import shutil

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


def test_missing_masks(pairs, find):
    (pairs.root / 'masks/train/1.png').unlink()
    result = pairs.check()
    finding = find(result, 'Images have no mask')
    assert (finding.severity, finding.count) == ('error', 1)
    assert finding.names == (str(pairs.root / 'images/train/1.png'), )
    assert "ann_file='train.txt'" in finding.fix
    assert result.statistics[0].masks == 2  # the others are checked


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
    assert 'tools/convert_masks.py' in finding.fix


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
    assert '--data-root' in finding.fix


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
    findings = [f for f in result.findings if 'cannot be read' in f.what]
    assert {f.severity for f in findings} == {'error'}
