"""Splits: proportions, determinism, and files that are read as written."""
import pytest
from crash_states import crash_states, read_tree, write_tree

from mmseg_ext.basics.splits import read_split, stratified_split, write_split


def deal(counts: dict, **kwargs) -> dict:
    strata = {f'{stratum}/{i:03d}': stratum
              for stratum, count in counts.items() for i in range(count)}
    parts = stratified_split(strata, **kwargs)
    dealt = [name for names in parts.values() for name in names]
    assert sorted(dealt) == sorted(strata)  # each image once
    return parts


def count(names: list, stratum: str) -> int:
    return sum(name.startswith(f'{stratum}/') for name in names)


@pytest.mark.parametrize(('size', 'expected'), [
    (90, (54, 18, 18)),  # toothbrush, twice its 30 defective and so on
    (40, (24, 8, 8)),
    (72, (43, 14, 15)),
    (5, (3, 1, 1)),
    (1, (1, 0, 0)),
])
def test_each_stratum_is_cut_by_itself(size, expected):
    parts = deal(dict(good=size, bent=10))
    assert tuple(count(parts[s], 'good')
                 for s in ('train', 'val', 'test')) == expected
    assert tuple(count(parts[s], 'bent')
                 for s in ('train', 'val', 'test')) == (6, 2, 2)


def test_same_seed_same_split_other_seed_another():
    assert deal(dict(a=50)) == deal(dict(a=50))
    assert deal(dict(a=50), seed=1) != deal(dict(a=50))
    # written down: published numbers depend on it
    assert deal(dict(a=10))['test'] == ['a/005', 'a/009']


def test_a_stratum_does_not_depend_on_the_others():
    alone = deal(dict(a=20))
    beside = deal(dict(a=20, b=30))
    for split, names in alone.items():
        assert [n for n in beside[split] if n.startswith('a')] == names


def test_ratios():
    parts = deal(dict(a=10), ratios=(1, 0, 1))
    assert [len(parts[s]) for s in ('train', 'val', 'test')] == [5, 0, 5]
    for wrong in ((1, 1), (0, 0, 0), (1, -1, 1)):
        with pytest.raises(ValueError, match='proportions'):
            deal(dict(a=10), ratios=wrong)


def test_files_are_read_as_written(tmp_path):
    parts = deal(dict(a=10))
    write_split(tmp_path / 'new', parts, comment='seed 0')
    assert read_split(tmp_path / 'new') == parts
    with pytest.raises(FileExistsError, match=r'test\.txt.*--overwrite'):
        write_split(tmp_path / 'new', parts)
    write_split(tmp_path / 'new', dict(parts, val=[]), overwrite=True)
    assert read_split(tmp_path / 'new')['val'] == []
    with pytest.raises(ValueError, match='cannot be written to lists'):
        write_split(tmp_path / 'bad', dict(train=['a\nb']))
    assert not (tmp_path / 'bad').exists()


@pytest.mark.parametrize('overwrite', [False, True])
def test_killed_while_files_are_written(tmp_path, overwrite):
    """What is read then are three files of one writing, or nothing."""
    place = tmp_path / 'place'
    place.mkdir()
    old, new = (deal(dict(a=10), seed=seed) for seed in (1, 2))
    if overwrite:
        write_split(place, old)

    def write():
        write_split(place, new, overwrite=overwrite)

    states, refused = crash_states(place, write), 0
    whole = read_tree(place)
    assert sorted(whole) == ['test.txt', 'train.txt', 'val.txt']
    for state in states:
        write_tree(place, state)
        try:
            assert read_split(place) in ((old, new) if overwrite else (new, ))
        except ValueError as error:
            assert 'not written to the end' in str(error)
            refused += 1
        except FileNotFoundError:
            assert not overwrite
        if overwrite or not whole.keys() <= state.keys():
            write()
            assert read_tree(place) == whole
    assert refused > 2


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match='none of train'):
        read_split(tmp_path)
    (tmp_path / 'train.txt').write_text('a\n\nb\n')
    assert read_split(tmp_path) == dict(train=['a', 'b'])
    (tmp_path / 'test.txt').write_text('c\nb\n')
    with pytest.raises(ValueError, match=r'b \(train, test\)'):
        read_split(tmp_path)
