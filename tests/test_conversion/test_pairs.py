"""Folders as people lay them out, and the split that is kept or made."""
import numpy as np
import pytest

from mmseg_ext.conversion import find_pairs


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
    assert found[1] == ['1 masks have no image and are left out: val/b']


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


def test_lists(lay):
    root = lay('images/a.jpg', 'images/b.jpg', 'images/c.v2.jpg',
               'images/d.jpg', *(f'masks/{name}.png' for name in 'abd'),
               'masks/c.v2.png')
    (root / 'train.txt').write_text('b\na.jpg\n')
    (root / 'val.txt').write_text('c.v2\n')
    found = find_pairs(root, split_lists='.')
    assert places(found) == [('train', 'a'), ('train', 'b'), ('val', 'c.v2')]
    assert found[1] == ['1 images are in no list and are left out: d']
    (root / 'val.txt').write_text('e\n')
    with pytest.raises(FileNotFoundError, match=r'not there: e \(val\.txt\)'):
        find_pairs(root, split_lists='.')


def test_split_is_made_the_same_every_time(lay):
    root = lay(*(f'images/{i}.png' for i in range(10)),
               *(f'masks/{i}.png' for i in range(10)))
    found = places(find_pairs(root, split=(0.8, 0.2)))
    assert [split for split, _ in found].count('train') == 8
    assert {split for split, _ in found} == {'train', 'val'}
    assert found == places(find_pairs(root, split=(0.8, 0.2)))
    assert found != places(find_pairs(root, split=(0.8, 0.2), seed=1))
    parts = [split for split, _ in places(find_pairs(root, split=(6, 2, 2)))]
    assert np.unique(parts, return_counts=True)[1].tolist() == [2, 6, 2]


def test_labelme_files_beside_the_images(lay):
    root = lay('a.png', 'a.json', 'b.png', 'b.json')
    found = find_pairs(root, '.', '.', split=(1, 0))
    assert [pair.mask for pair in found[0]] == [str(root / 'a.json'),
                                                str(root / 'b.json')]


def test_masks_beside_the_images(lay):
    root = lay('a.tif', 'a_mask.tif')
    found = find_pairs(root, '.', '.', '_mask', split=(1, 0))
    assert places(found) == [('train', 'a')]


@pytest.mark.parametrize('names, kwargs, error, sentence', [
    (['a.png'], {}, FileNotFoundError, r'No images in .*--images'),
    (['images/a.png', 'masks/a.png'], {}, ValueError,
     r'1 images in .* are not split\. Add --split 0\.8'),
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


def test_names_that_fit_no_list(lay):
    root = lay('images/a.png', 'images/Gef\udcfcge.png', 'masks/a.png',
               'masks/Gef\udcfcge.png')
    with pytest.raises(ValueError, match=r'1 files have names.*not UTF-8: '
                       r'rename Gef\\xfcge'):
        find_pairs(root, split=(3, 1))
