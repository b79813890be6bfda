"""Folders as people lay them out, and the split that is kept or made."""
import unicodedata

import pytest

from mmseg_ext.conversion import find_pairs
from mmseg_ext.datasets import SEMDataset


@pytest.fixture
def lay(tmp_path):
    """Return a function that makes files; what is in them is not read."""
    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b'')
        return tmp_path
    return make


def places(found) -> list[tuple[str, str]]:
    return [(pair.split, pair.name) for pair in found[0]]


def test_split_of_the_folders(lay):
    root = lay('images/train/x/a.tif', 'images/val/a.JPG',
               'masks/train/x/a.png', 'masks/val/a.png', 'masks/val/b.png')
    found = find_pairs(root)
    assert places(found) == [('train', 'x/a'), ('val', 'a')]
    assert found[0][1].image == str(root / 'images/val/a.JPG')
    assert found[0][1].mask == str(root / 'masks/val/a.png')
    assert found[1] == ['1 mask has no image and is left out: val/b']


def test_split_within_the_path(lay):
    root = lay('train/a.tif', 'test/b.tif', 'train_annot/a_mask.tif',
               'test_annot/b_mask.tif')
    found = find_pairs(root, '{split}', '{split}_annot', '_mask')
    assert places(found) == [('train', 'a'), ('test', 'b')]
    assert found[0][1].mask == str(root / 'test_annot/b_mask.tif')


def test_masks_in_one_folder(lay):
    root = lay('images/train/a.png', 'images/val/b.png', 'gt/a.png',
               'gt/b.png')
    assert places(find_pairs(root, masks='gt')) == [('train', 'a'),
                                                    ('val', 'b')]


def test_names_that_differ_in_capitals(lay):
    root = lay('images/train/A.PNG', 'masks/train/a.png')
    with pytest.raises(FileNotFoundError, match='and a is not A: rename'):
        find_pairs(root)
    with pytest.raises(FileNotFoundError, match='and a is not A: rename'):
        SEMDataset(data_root=str(root), pipeline=())


def test_lists_that_are_not_there(lay):
    root = lay('images/a.png', 'masks/a.png')
    with pytest.raises(FileNotFoundError, match=r'There is no folder .*list'):
        find_pairs(root, split_lists='lists')


def test_lists(lay):
    root = lay('images/a.jpg', 'images/b.jpg', 'images/c.v2.jpg',
               'images/d.jpg', *(f'masks/{name}.png' for name in 'abd'),
               'masks/c.v2.png')
    (root / 'train.txt').write_text('b\na.jpg\n')
    (root / 'val.txt').write_text('c.v2\n')
    found = find_pairs(root, split_lists='.')
    assert places(found) == [('train', 'a'), ('train', 'b'), ('val', 'c.v2')]
    assert found[1] == ['1 image is in no list and is left out: d']
    (root / 'val.txt').write_text('e\n')
    with pytest.raises(FileNotFoundError, match=r'not there: e \(val\.txt\)'):
        find_pairs(root, split_lists='.')
    (root / 'val.txt').write_text('images/c.v2.jpg\n')
    assert places(find_pairs(root, split_lists='.'))[2] == ('val', 'c.v2')
    (root / 'val.txt').write_text('images/d.jpg masks/d.png\n')
    with pytest.raises(FileNotFoundError, match=(
            r'not there: images/d\.jpg masks/d\.png \(val\.txt\)\. 1 line '
            'has several columns')):
        find_pairs(root, split_lists='.')


def test_a_split_that_is_made_later(lay):
    root = lay(*(f'images/{i}.png' for i in range(3)),
               *(f'masks/{i}.png' for i in range(3)))
    assert places(find_pairs(root, split=(0.8, 0.2))) == [
        ('', '0'), ('', '1'), ('', '2')]


def test_labelme_files_beside_the_images(lay):
    root = lay('a.png', 'a.json', 'b.png', 'b.json')
    found = find_pairs(root, '.', '.', split=(1, 0))
    assert [pair.mask for pair in found[0]] == [str(root / 'a.json'),
                                                str(root / 'b.json')]


def test_masks_beside_the_images(lay):
    root = lay('a.tif', 'a_mask.tif')
    found = find_pairs(root, '.', '.', '_mask', split=(1, 0))
    assert places(found) == [('', 'a')]


@pytest.mark.parametrize('names, kwargs, error, sentence', [
    (['a.png'], {}, FileNotFoundError, r'No images in .*--images'),
    (['images/a.png', 'masks/a.png'], {}, ValueError,
     r'1 image in .*, not split\. Add --split 0\.8'),
    (['images/a.png', 'images/b.png', 'masks/a.png'], dict(split=(1, 0)),
     FileNotFoundError, r'1 of 2 images have no mask.*b\.png.*--masks'),
    (['images/train/a.png', 'masks/train/a.png'], dict(split=(1, 0)),
     ValueError, r'leave out --split'),
    (['images/a.png', 'images/a.tif', 'masks/a.png'], dict(split=(1, 0)),
     ValueError, r'several suffixes'),
    (['images/a.png', 'masks/a.png', 'masks/a.json'], dict(split=(1, 0)),
     ValueError, r'several suffixes'),
    (['images/a.png', 'masks/a.png'], dict(split=(1, -1)), ValueError,
     r'must be the proportions'),
])
def test_what_cannot_be_paired(lay, names, kwargs, error, sentence):
    with pytest.raises(error, match=sentence):
        find_pairs(lay(*names), **kwargs)


def test_names_of_a_mac_beside_names_of_others(lay):
    apart, whole = (unicodedata.normalize(form, 'Gefüge_0')
                    for form in ('NFD', 'NFC'))
    assert apart != whole
    for image, mask in ((apart, whole), (whole, apart)):
        root = lay(f'{len(image)}/images/{image}.tif',
                   f'{len(image)}/masks/{mask}.png') / f'{len(image)}'
        pairs, notes = find_pairs(root, split=(1, 0))
        assert notes == []
        assert pairs[0].name == whole
        assert pairs[0].image.endswith(f'{image}.tif')
        assert pairs[0].mask.endswith(f'{mask}.png')


def test_jpegs_beside_their_masks(lay):
    root = lay('x/a.jpg', 'x/a.png', 'x/b.JPEG', 'x/b.tif')
    pairs, _ = find_pairs(root, 'x', 'x', split=(1, 0))
    assert [(pair.image, pair.mask) for pair in pairs] == [
        (str(root / 'x/a.jpg'), str(root / 'x/a.png')),
        (str(root / 'x/b.JPEG'), str(root / 'x/b.tif'))]
    root = lay('y/a.tif', 'y/a.png')
    with pytest.raises(ValueError, match='move the masks to a folder') as it:
        find_pairs(root, 'y', 'y', split=(1, 0))
    assert 'emove' not in str(it.value)


@pytest.mark.parametrize('suffix, words', [
    ('.h5', r'HDF5, as of ilastik: .*"Simple Segmentation"'),
    ('.npy', 'NumPy'), ('.xcf', 'GIMP'), ('.txt', 'YOLO')])
def test_masks_of_other_formats_are_named(lay, suffix, words):
    root = lay('images/a.png', f'masks/a{suffix}')
    with pytest.raises(FileNotFoundError, match=rf'\{suffix} files are .*'
                       + words):
        find_pairs(root, split=(1, 0))


@pytest.mark.parametrize('text, words', [
    ('<?xml?><annotations><version>1.1</version>', 'CVAT: export "COCO 1.0"'),
    ('<annotation><folder>', 'Pascal VOC, which has boxes')])
def test_xml_is_told_apart(lay, text, words):
    root = lay('images/a.png', 'masks/a.xml')
    (root / 'masks/a.xml').write_text(text)
    with pytest.raises(FileNotFoundError, match=words):
        find_pairs(root, split=(1, 0))


def test_a_file_of_another_program_for_all_images(lay):
    root = lay('images/a.png', 'masks/via.json')
    (root / 'masks/via.json').write_text('{"_via_img_metadata": {}}')
    with pytest.raises(FileNotFoundError, match=(
            r'no mask .*via\.json is a JSON file of VIA.*Export COCO')):
        find_pairs(root, split=(1, 0))


def test_no_json_may_mean_that_nothing_was_drawn(lay):
    root = lay('x/a.png', 'x/a.json', 'x/b.png')
    with pytest.raises(FileNotFoundError, match='--no-mask CLASS'):
        find_pairs(root, 'x', 'x', split=(1, 0))
    pairs, notes = find_pairs(root, 'x', 'x', split=(1, 0), unmasked=True)
    assert [pair.mask for pair in pairs] == [str(root / 'x/a.json'), None]
    assert notes == [f'1 image has no mask: {root / "x/b.png"}']


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
def test_lists_of_windows(lay, encoding):
    root = lay('images/x/Gefüge.png', 'masks/x/Gefüge.png')
    (root / 'train.txt').write_text('# mine\nx\\Gefüge.png\n',
                                    encoding=encoding, newline='\r\n')
    assert places(find_pairs(root, split_lists='.')) == [
        ('train', 'x/Gefüge')]
    (root / 'train.txt').write_bytes('x/Gefüge.png'.encode('cp1252'))
    with pytest.raises(ValueError, match=r'train\.txt .*save it as UTF-8'):
        find_pairs(root, split_lists='.')
def test_names_that_fit_no_list(lay):
    root = lay('images/a.png', 'images/Gef\udcfcge.png', 'masks/a.png',
               'masks/Gef\udcfcge.png')
    with pytest.raises(ValueError, match=r'1 file has a name.*not UTF-8: '
                       r'rename Gef\\xfcge'):
        find_pairs(root, split=(3, 1))
