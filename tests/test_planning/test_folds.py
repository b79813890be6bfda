"""Folds that have every class and tear no group, and lists that are edited."""
import numpy as np
import pytest

from mmseg_ext.basics.duplicates import take_fingerprint
from mmseg_ext.planning.folds import Folds, make_folds, read_folds, read_keys

NAMES = [f's{i // 2}_{i}' for i in range(12)]


@pytest.fixture(scope='module')
def prints():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (32, 32), np.uint8) for _ in NAMES]
    images[7] = images[0].copy()  # of another specimen
    return list(map(take_fingerprint, images))


def classes_of(rare=(1, 4, 8, 11)) -> np.ndarray:
    classes = np.ones((12, 3), bool)
    classes[:, 2] = np.isin(np.arange(12), rare)
    return classes


def test_every_fold_has_every_class_and_groups_stay_whole(prints):
    keys = read_keys(r'^(s\d)_', NAMES)
    classes = classes_of()
    folds = make_folds(NAMES, classes, prints, keys, 3)
    assert folds.images == sorted(NAMES) and not folds.torn()
    assert folds.groups['s3_7'] == folds.groups['s0_0']  # the same picture
    for names in folds.lists:
        assert classes[[NAMES.index(name) for name in names]].any(0).all()
    assert sorted(folds.trained(0) + list(folds.lists[0])) == sorted(NAMES)


def test_same_seed_same_folds_whatever_the_order(prints):
    folds = [make_folds(NAMES[::step], classes_of()[::step], prints[::step],
                        None, 4, seed)
             for step, seed in ((1, 0), (-1, 0), (1, 1))]
    assert folds[0] == folds[1] and folds[0].lists != folds[2].lists
    assert {len(names) for names in folds[0].lists} == {3}


def test_more_folds_than_groups_are_refused(prints):
    with pytest.raises(ValueError, match=(
            '12 folds of 11 groups of images that stay together: must be 2 or '
            'more, and at most as many as groups')):
        make_folds(NAMES, classes_of(), prints, None, 12)  # two are the same


def test_lists_are_read_as_a_person_leaves_them(tmp_path, prints):
    folds = make_folds(NAMES, classes_of(), prints,
                       read_keys(r'^s\d', NAMES), 3)
    assert read_folds(tmp_path, NAMES) is None
    folds.write(tmp_path)
    assert read_folds(tmp_path, NAMES) == folds
    with pytest.raises(FileExistsError, match='already'):
        folds.write(tmp_path)
    first, second = (tmp_path / f'fold_{i}.txt' for i in (1, 2))
    moved = folds.lists[0][0]
    first.write_text('\n'.join(folds.lists[0][1:]))
    edited = read_folds(tmp_path, NAMES)
    assert moved not in edited.images  # left out
    second.write_text('\n'.join([*folds.lists[1], f'{moved}.png']))
    edited = read_folds(tmp_path, NAMES)
    assert moved in edited.lists[1] and edited.torn() == [
        folds.groups[moved]]


@pytest.mark.parametrize('text, words', [
    ('a\nb\n', 'b is in fold_1.txt and in fold_2.txt'),
    ('# none\n', 'lists no image'), ('a\nz.png\n', 'z.png. Remove the lines'),
])
def test_lists_that_cannot_be_are_refused(tmp_path, text, words):
    Folds((('b', ), ('a', )), dict(a='a', b='b')).write(tmp_path)
    (tmp_path / 'fold_2.txt').write_text(text)
    with pytest.raises(ValueError, match=words):
        read_folds(tmp_path, 'abc')


def test_a_missing_list_is_refused(tmp_path):
    Folds((('b', ), ('a', )), dict(a='a', b='b')).write(tmp_path)
    (tmp_path / 'fold_1.txt').unlink()
    with pytest.raises(ValueError, match='without a gap'):
        read_folds(tmp_path, 'ab')


def test_groups_from_a_table(tmp_path):
    table = tmp_path / 'groups.csv'
    table.write_text('image,group\na.png,one\nb,one\nelsewhere,two\n')
    assert read_keys(str(table), 'abc') == dict(a='one', b='one', c='c')


@pytest.mark.parametrize('text, words', [
    ('name,group\na,one\n', 'image and group are needed'),
    ('image,group\nx,one\n', 'names none of the 3 images'),
    ('image,group\na,one\na,two\n', 'into one and into two'),
])
def test_other_tables_are_refused(tmp_path, text, words):
    table = tmp_path / 'groups.csv'
    table.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_keys(str(table), 'abc')


@pytest.mark.parametrize('pattern, words', [
    ('(', 'no regular expression'),
    (r'\d', r"^'\\d' is no file.* fits none of the 3 names")])
def test_patterns_that_say_nothing_are_refused(pattern, words):
    with pytest.raises(ValueError, match=words):
        read_keys(pattern, 'abc')
