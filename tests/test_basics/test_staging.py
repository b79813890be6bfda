"""All entries of a set or none, all of a file or nothing."""
import json

import pytest

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
