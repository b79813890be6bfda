"""All entries of a set or none, all of a file or nothing."""
import json
from itertools import count

import pytest
from crash_states import crash_states, killed_at, read_tree, write_tree

from mmseg_ext.basics import claimed_folder
from mmseg_ext.basics.staging import COMPLETE, staged, staged_file
from mmseg_ext.basics.staging import ENTRIES as ENTRIES_FILE

ENTRIES = ['images', 'masks', 'record.json']


def write(root) -> None:
    with staged(root, ENTRIES) as folder:
        for name in ENTRIES[:2]:
            (folder / name).mkdir()
            (folder / name / 'a.png').write_text(name)
        (folder / ENTRIES[2]).write_text('{}')


def names(root) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob('*'))


def test_beside_files_of_others(tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    write(tmp_path)
    assert names(tmp_path) == ['images', 'images/a.png', 'masks',
                               'masks/a.png', 'notes.txt', 'record.json']
    with pytest.raises(FileExistsError, match=r'images.*exist already'):
        write(tmp_path)


def test_nothing_is_left_of_a_failure(tmp_path):
    root = tmp_path / 'set'
    with pytest.raises(KeyboardInterrupt), staged(root, ENTRIES) as folder:
        (folder / 'images').mkdir()
        raise KeyboardInterrupt
    assert not root.exists()
    with pytest.raises(FileNotFoundError), staged(root, ENTRIES) as folder:
        (folder / 'images').mkdir()
    assert not root.exists()


def test_a_second_process_is_refused(tmp_path):
    with (claimed_folder(tmp_path / 'set'),
          pytest.raises(BlockingIOError, match='is being written')):
        write(tmp_path / 'set')
    with staged_file(tmp_path / 'model.onnx') as first:
        with (pytest.raises(BlockingIOError, match='is being written'),
              staged_file(tmp_path / 'model.onnx')):
            pass
        first.write_text('x')
    assert names(tmp_path) == ['model.onnx']


def test_a_file_and_what_lies_beside_it(tmp_path):
    path = tmp_path / 'deep/model.onnx'

    def export(overwrite=False):
        with staged_file(path, overwrite) as new:
            assert new.name == path.name and not new.exists()
            new.write_text('graph')
            new.with_name('model.onnx.data').write_text('weights')

    export()
    assert names(path.parent) == ['model.onnx', 'model.onnx.data']
    with pytest.raises(FileExistsError, match='exists already'):
        export()
    path.unlink()
    with pytest.raises(FileExistsError, match=r'model\.onnx\.data exists'):
        export()
    assert names(path.parent) == ['model.onnx.data']
    export(overwrite=True)
    assert names(path.parent) == ['model.onnx', 'model.onnx.data']


def test_files_with_like_names_stay(tmp_path):
    for name in ('model.new.onnx', 'model.onnx.new'):
        (tmp_path / name).write_text('mine')
    with (pytest.raises(ZeroDivisionError),
          staged_file(tmp_path / 'model.onnx')):
        raise ZeroDivisionError
    assert names(tmp_path) == ['model.new.onnx', 'model.onnx.new']


def test_what_another_tool_began_takes_nothing_else_with_it(tmp_path):
    """Killed between two moves; then a tool of other entries comes."""
    begun = tmp_path / COMPLETE
    (begun / 'masks').mkdir(parents=True)
    (begun / ENTRIES_FILE).write_text(json.dumps(ENTRIES))
    for name in ('images', 'train'):
        (tmp_path / name).mkdir()
    with staged(tmp_path, ['train2']) as folder:
        (folder / 'train2').mkdir()
    assert names(tmp_path) == ['train', 'train2']


def write_pair(path, version: bytes, overwrite: bool) -> None:
    """Write a graph and its weights, as a large model's export does."""
    with staged_file(path, overwrite) as new:
        new.with_name('model.onnx.data').write_bytes(b'weights ' + version)
        new.write_bytes(b'graph ' + version)


@pytest.mark.parametrize('begun', [
    {}, {'model.onnx': b'graph 1', 'model.onnx.data': b'weights 1'},
    {'model.onnx': b'graph 1 alone'}])
def test_no_pair_of_two_writings(tmp_path, begun):
    """Killed by the system at every file event, and run again."""
    place = tmp_path / 'place'
    path = place / 'model.onnx'
    mine = {'thesis.tex': b'mine', 'model.onnx.new': b'mine, too'}
    whole = {**mine, 'model.onnx': b'graph 2', 'model.onnx.data': b'weights 2'}
    seen = []
    for event in count():
        write_tree(place, {**mine, **begun})
        if not killed_at(event, lambda: write_pair(path, b'2', bool(begun))):
            break
        state = read_tree(place)
        left = {name: content for name, content in state.items()
                if not name.startswith('.')}
        seen.append(left)
        if 'model.onnx' in left:  # it opens, with what belongs to it
            assert left in ({**mine, **begun}, whole)
        done = left == whole and not any(
            name.endswith('.complete') for name in state)
        if done and not begun:
            with pytest.raises(FileExistsError):
                write_pair(path, b'2', overwrite=False)
        else:
            write_pair(path, b'2', overwrite=bool(begun))
        assert read_tree(place) == whole
    assert event > 10 and whole in seen
    assert any('model.onnx.data' in left and 'model.onnx' not in left
               for left in seen)


def test_a_killed_overwriting_loses_nothing(tmp_path):
    """What cannot be written the second time is there as it was."""
    place = tmp_path / 'place'
    path = place / 'model.onnx'
    begun = {'model.onnx': b'graph 1', 'model.onnx.data': b'weights 1'}

    def fail():
        with (pytest.raises(OSError, match='is full'),
              staged_file(path, overwrite=True)):
            raise OSError('the disk is full')

    write_tree(place, begun)
    states = crash_states(place, lambda: write_pair(path, b'2', True))
    done = {'model.onnx': b'graph 2', 'model.onnx.data': b'weights 2'}
    for state in states:
        write_tree(place, state)
        # the second time, it is killed while it undoes the first
        for again in crash_states(place, fail):
            write_tree(place, again)
            fail()
            left = read_tree(place)
            assert left == begun or (left == done and 'model.onnx' in state)


def test_entries_that_replace_others(tmp_path):
    place = tmp_path / 'place'
    begun = {'images': None, 'images/old.png': b'old', 'notes.txt': b'mine',
             'record.json': b'old'}
    whole = {'images': None, 'images/a.png': b'new', 'masks': None,
             'notes.txt': b'mine', 'record.json': b'new'}

    def write():
        with staged(place, ENTRIES, overwrite=True) as folder:
            for name in ENTRIES[:2]:
                (folder / name).mkdir()
            (folder / 'images/a.png').write_bytes(b'new')
            (folder / 'record.json').write_bytes(b'new')

    write_tree(place, begun)
    states = crash_states(place, write)
    assert read_tree(place) == whole
    for state in states:
        write_tree(place, state)
        write()
        assert read_tree(place) == whole
        write_tree(place, state)
        with (pytest.raises(FileNotFoundError),
              staged(place, ENTRIES, overwrite=True)):
            pass
        assert read_tree(place) in (begun, whole)
