import json
import shutil

import cv2
import numpy as np
import pytest

from mmseg_ext.planning.source import find_source


@pytest.fixture
def own(tmp_path):
    """Write images and masks of the same names into two folders."""

    def write(images='images', masks='masks', names='abcd', suffix='.png'):
        for folder, value in ((images, 90), (masks, 1)):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            for name in names:
                file = suffix if folder == images else '.png'
                cv2.imwrite(str(tmp_path / folder / f'{name}{file}'),
                            np.full((8, 8), value, np.uint8))
        return tmp_path

    return write


def find(root, **options):
    return find_source(str(root), **options)


@pytest.mark.parametrize('images, masks', [
    ('images', 'masks'), ('Images', 'Labels'), ('raw', 'annotations'),
    ('img', 'GT')])
def test_folders_by_their_names(own, images, masks):
    source = find(own(images, masks))
    assert source.kind == 'micrographs'
    assert source.prefixes == {'': (images, masks)}
    assert [pair.name for pair in source.pairs] == list('abcd')
    assert {pair.part for pair in source.pairs} == {''}
    assert source.classes is None


def test_folders_that_are_named(own):
    root = own('one', 'two')
    with pytest.raises(FileNotFoundError, match='--images and --masks'):
        find(root)
    assert len(find(root, images='one', masks='two').pairs) == 4
    with pytest.raises(FileNotFoundError, match='no folder three'):
        find(root, images='one', masks='three')


def test_parts_within_images_and_masks(sem_root):
    source = find(sem_root)
    assert source.prefixes == dict(
        train=('images/train', 'masks/train'),
        val=('images/val', 'masks/val'))
    parts = [pair.part for pair in source.pairs]
    assert (parts.count('train'), parts.count('val')) == (4, 2)


def test_images_and_masks_within_parts(own):
    for part in ('train', 'valid'):
        root = own(f'{part}/images', f'{part}/masks')
    source = find(root)
    assert source.prefixes == dict(
        train=('train/images', 'train/masks'),
        val=('valid/images', 'valid/masks'))


def test_lists(own):
    root = own(names='abcde')
    (root / 'train.txt').write_text('a.png\nb\n')
    (root / 'val.txt').write_text('c\n')
    source = find(root)
    assert [(pair.name, pair.part) for pair in source.pairs] == [
        ('a', 'train'), ('b', 'train'), ('c', 'val')]
    assert source.lists == dict(train='train.txt', val='val.txt')
    assert source.unlisted == ['d', 'e']
    (root / 'val.txt').write_text('c\nx\n')
    with pytest.raises(FileNotFoundError, match=r'1 image .*: x'):
        find(root)
    (root / 'val.txt').write_text('a\n')
    with pytest.raises(ValueError, match='another part: a'):
        find(root)


def test_images_without_a_mask_are_told(own):
    root = own()
    (root / 'masks/b.png').unlink()
    source = find(root)
    assert [pair.name for pair in source.pairs] == list('acd')
    assert [path[-5:] for path in source.without_mask] == ['b.png']


def test_no_mask_of_any_name(own):
    root = own()
    for path in (root / 'masks').iterdir():
        path.rename(path.with_stem(f'{path.stem}_mask'))
    with pytest.raises(FileNotFoundError) as error:
        find(root)
    assert 'convert_masks' in str(error.value)
    assert '--images images --masks masks' in str(error.value)
    for path in (root / 'masks').iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match='There are no masks in'):
        find(root)


def test_classes_of_a_conversion(own):
    root = own()
    (root / 'conversion.json').write_text(json.dumps(dict(classes=['a', 'b'])))
    source = find(root)
    assert (source.classes, source.named_by) == (('a', 'b'),
                                                 'conversion.json')
    source = find(root, classes=['x', 'y'])
    assert (source.classes, source.named_by) == (('x', 'y'), '--classes')
    (root / 'conversion.json').write_text('{"classes"')
    with pytest.raises(ValueError, match='--classes'):
        find(root)


def test_surfaces(mvtec_like, ksdd2_like, tmp_path):
    assert find(mvtec_like).kind == 'mvtec_ad'
    category = sorted(mvtec_like.iterdir())[0]
    source = find(category)
    assert (source.kind, source.root) == ('mvtec_ad', str(mvtec_like))
    assert source.options == dict(categories=[category.name])
    assert find(ksdd2_like).kind == 'ksdd2'


def test_no_such_folder(own):
    root = own()
    with pytest.raises(FileNotFoundError, match='Beside it are: images'):
        find(root / 'image')
    shutil.rmtree(root / 'masks')
    with pytest.raises(FileNotFoundError, match='holds images, and none of'):
        find(root)
