import numpy as np
import pytest

from mmseg_ext.basics.duplicates import Fingerprint
from mmseg_ext.planning.fingerprint import ImageFacts, SetFacts
from mmseg_ext.planning.parts import choose_parts, images_but_test
from mmseg_ext.planning.source import Pair, Source

PREFIXES = dict(train=('images/train', 'masks/train'),
                val=('images/val', 'masks/val'),
                test=('images/test', 'masks/test'))


def make(pixels, parts, prefixes=PREFIXES, lists=None):
    """Return a set of images with given pixels of each class."""
    pairs, images = [], []
    for i, (counts, part) in enumerate(zip(pixels, parts)):
        image, mask = prefixes.get(part) or prefixes['']
        pairs.append(Pair(f'i{i}', f'root/{image}/i{i}.png',
                          f'root/{mask}/i{i}.png', part))
        images.append(ImageFacts(f'i{i}', 8, 8, True, 8, 90., 9., 0,
                                 tuple(counts), 0))
    rng = np.random.default_rng(0)
    prints = [Fingerprint(bytes([i]), rng.integers(
        0, 256, (64, 64)).astype(np.uint8)) for i in range(len(pairs))]
    there = {part for part in parts if part in prefixes}
    source = Source('micrographs', 'root', pairs, ('a', 'b'), '',
                    {part: prefixes[part] for part in there}
                    or {'': prefixes['']}, lists or {})
    return source, SetFacts(('a', 'b'), {}, images, {}, prints)


def test_parts_of_folders_stay():
    parts = ['train', 'train', 'val', 'test']
    found = choose_parts(*make([(1, 1)] * 4, parts))
    assert found.of == parts
    assert (found.prefix, found.lists) == (None, {})
    assert 'as they are' in found.reason


def test_no_parts_are_dealt_out():
    pixels = [(9, 0)] * 8 + [(9, 1)] * 2
    source, facts = make(pixels, [''] * 10, {'': ('images', 'masks')})
    found = choose_parts(source, facts)
    assert (found.of.count('train'), found.of.count('val')) == (8, 2)
    assert {found.of[8], found.of[9]} == {'train', 'val'}  # b in both
    assert found.prefix == ('images', 'masks')
    assert sorted(found.lists['train'] + found.lists['val']) == sorted(
        f'i{i}.png' for i in range(10))
    assert choose_parts(source, facts).of == found.of
    assert any(choose_parts(source, facts, seed).of != found.of
               for seed in range(1, 4))


def test_a_class_that_validation_lacks():
    parts = ['train'] * 5 + ['val'] * 2 + ['test']
    pixels = [(9, 1)] * 5 + [(9, 0)] * 2 + [(9, 1)]
    found = choose_parts(*make(pixels, parts))
    assert 'val has no pixel of b' in found.reason
    assert found.of[7] == 'test'
    assert found.lists['test'] == []  # its folder is as it was
    assert found.prefix == ('images', 'masks')
    held = {found.of[i] for i in range(5)}
    assert held == {'train', 'val'}
    names = {f'{parts[i]}/i{i}.png' for i in range(7)}
    assert {*found.lists['train'], *found.lists['val']} == names


def test_what_cannot_be_mended_stays():
    parts = ['train'] * 3 + ['val'] * 2
    found = choose_parts(*make([(9, 1)] + [(9, 0)] * 4, parts))
    assert found.of == parts
    assert 'no other way' in found.reason


def test_folders_without_common_names_stay():
    prefixes = dict(train=('train/images', 'train/masks'),
                    val=('val/images', 'val/masks'))
    parts = ['train'] * 4 + ['val']
    found = choose_parts(*make([(9, 1)] * 4 + [(9, 0)], parts, prefixes))
    assert found.of == parts
    assert 'move images' in found.reason
    # without a validation part there is one folder to take it from
    found = choose_parts(*make([(9, 1)] * 5, ['train'] * 5, prefixes))
    assert found.prefix == ('train/images', 'train/masks')
    assert found.of.count('val') == 1


def test_one_image_is_too_few():
    with pytest.raises(ValueError, match='1 image with'):
        choose_parts(*make([(1, 1)] * 2, ['train', 'test']))


def test_images_without_a_mask():
    parts = ['train', 'train', 'val', 'test']
    source, facts = make([(1, 1)] * 4, parts)
    source.without_mask.extend(f'root/images/{part}/new.png'
                               for part in ('train', 'test'))
    found = choose_parts(source, facts)
    assert found.of == parts
    assert found.lists == dict(
        train=['i0.png', 'i1.png'], val=['i2.png'], test=['i3.png'])
    assert images_but_test(source, found) == [
        'root/images/train/i0.png', 'root/images/train/i1.png',
        'root/images/val/i2.png', 'root/images/train/new.png']
