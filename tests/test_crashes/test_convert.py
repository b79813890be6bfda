"""Killed at any file event, a conversion ends as if it had not been."""
import cv2
import numpy as np
import pytest
from crash_states import crash_states, read_tree, write_tree

from mmseg_ext.basics.staging import COMPLETE
from mmseg_ext.conversion import ClassMap, Pair, convert_masks
from mmseg_ext.samples import write_ksdd2_sample


@pytest.fixture
def convert(tmp_path):
    """Return a function that converts three pairs."""
    pairs = []
    for i, split in enumerate(('train', 'train', 'val')):
        paths = [str(tmp_path / f'{kind}{i}.png') for kind in 'im']
        for path, values in zip(paths, (90 + i, 255 * (i % 2))):
            cv2.imwrite(path, np.full((9, 7), values, np.uint8))
        pairs.append(Pair(str(i), split, *paths))
    (tmp_path / 'place').mkdir()

    def convert():
        class_map = ClassMap(['matrix=0', 'pore=255'])
        return convert_masks(tmp_path / 'place/out', pairs, class_map)
    return convert


@pytest.mark.parametrize('beside', [False, True])
def test_killed_at_every_event(convert, tmp_path, beside):
    place = tmp_path / 'place'
    begun = {'out': None, 'out/notes.txt': b'mine'} if beside else {}
    write_tree(place, begun)
    states = crash_states(place, convert)
    whole = read_tree(place)
    assert len(states) > 15
    done = 0
    for state in states:
        write_tree(place, state)
        if {**state, **whole} == state and not any(
                COMPLETE in name for name in state):
            # all was there already, but for the lock
            with pytest.raises(FileExistsError, match='exist already'):
                convert()
            done += 1
        else:
            convert()
        assert read_tree(place) == whole
    # with the hidden folder full, empty and gone, and without the lock
    assert done <= 4


def test_a_part_that_was_moved(convert, tmp_path):
    """images/ without masks/: what lies there is no set yet."""
    place = tmp_path / 'place'
    states = crash_states(place, convert)
    assert any('out/images' in state and 'out/masks' not in state
               for state in states)


def test_samples_begin_again_too(tmp_path):
    place = tmp_path / 'place'
    place.mkdir()

    def write():
        write_ksdd2_sample(place / 'set', 1, 0, 1, 0, (80, 58))

    states = crash_states(place, write)
    whole = read_tree(place)
    moved = [state for state in states
             if any(COMPLETE in name for name in state)]
    assert len(moved) > 2
    for state in moved:
        write_tree(place, state)
        write()
        assert read_tree(place) == whole
