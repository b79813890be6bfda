"""Files appear whole, under names of their own, and never through links."""
import os
from pathlib import Path

import pytest

from mmseg_ext.basics import (
    locked,
    read_bytes,
    replaced_file,
    write_atomically,
)
from mmseg_ext.basics.files import (
    is_temporary,
    output_stem,
    remove_temporaries,
    walk_files,
)


def names(folder) -> list[str]:
    return sorted(os.listdir(folder))


def test_writes_text_and_bytes_to_new_folders(tmp_path):
    path = tmp_path / 'a/b/c.txt'
    for content in ('grün\n', b'\x00\xff'):
        write_atomically(path, content)
        assert path.read_bytes() == (
            content if isinstance(content, bytes) else content.encode())
    assert names(path.parent) == ['c.txt']


def test_the_usual_rights(tmp_path):
    write_atomically(tmp_path / 'ours', 'x')
    (tmp_path / 'others').write_text('x')
    assert (tmp_path / 'ours').stat().st_mode == (
        tmp_path / 'others').stat().st_mode


@pytest.mark.parametrize('length', [255, 251])
def test_the_longest_names(tmp_path, length):
    path = tmp_path / ('x' * length)
    write_atomically(path, 'content')
    assert path.read_text() == 'content'


def test_what_is_no_text_is_written_as_numbers(tmp_path):
    write_atomically(tmp_path / 'a', 'Gef\udcfcge')
    assert (tmp_path / 'a').read_text() == 'Gef\\udcfcge'


def test_links_are_replaced_and_their_files_stay(tmp_path):
    (tmp_path / 'thesis').write_text('mine')
    for link in ('x.png', 'x.png.new'):
        (tmp_path / link).symlink_to('thesis')
    write_atomically(tmp_path / 'x.png', 'picture')
    assert (tmp_path / 'thesis').read_text() == 'mine'
    assert (tmp_path / 'x.png.new').is_symlink()
    assert not (tmp_path / 'x.png').is_symlink()
    assert (tmp_path / 'x.png').read_text() == 'picture'


def test_no_file_of_others_is_written_to(tmp_path, monkeypatch):
    """Not even where the random name is known before."""
    monkeypatch.setattr('secrets.token_hex', lambda n: '0' * 2 * n)
    other = tmp_path / f'.mmseg_ext-{"0" * 16}.new'
    (tmp_path / 'thesis').write_text('mine')
    other.symlink_to('thesis')
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / 'a', 'x')
    assert (tmp_path / 'thesis').read_text() == 'mine'
    assert names(tmp_path) == [other.name, 'thesis']


def test_nothing_is_left_of_a_failure(tmp_path):
    (tmp_path / 'a').write_text('before')
    with (pytest.raises(KeyboardInterrupt),
          replaced_file(tmp_path / 'a') as file):
        file.write(b'half')
        raise KeyboardInterrupt
    (tmp_path / 'folder').mkdir()
    with pytest.raises(OSError):
        write_atomically(tmp_path / 'folder', 'x')
    assert names(tmp_path) == ['a', 'folder']
    assert (tmp_path / 'a').read_text() == 'before'


def test_leftovers_are_told_from_files_of_others(tmp_path):
    (tmp_path / 'deep').mkdir()
    ours = f'.mmseg_ext-{"a" * 16}.new'
    for name in (ours, 'model.new', '.mmseg_ext-notes.new'):
        (tmp_path / name).touch()
        (tmp_path / 'deep' / name).touch()
    assert is_temporary(ours)
    remove_temporaries([tmp_path], deep=False)
    assert names(tmp_path) == ['.mmseg_ext-notes.new', 'deep', 'model.new']
    assert ours in names(tmp_path / 'deep')
    remove_temporaries([tmp_path, tmp_path / 'missing'])
    assert ours not in names(tmp_path / 'deep')


def test_links_to_nothing(tmp_path):
    (tmp_path / 'deep').mkdir()
    (tmp_path / '.hidden').mkdir()
    for name in ('a.png', 'deep/b.png', '.hidden/c.png', '.d.png'):
        (tmp_path / name).symlink_to('/annex/x.png')
    (tmp_path / 'real.png').write_bytes(b'x')
    (tmp_path / 'link.png').symlink_to('real.png')
    (tmp_path / 'loop.png').symlink_to('loop.png')
    (tmp_path / 'deep/up').symlink_to('..')
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'beside').symlink_to('elsewhere')
    (tmp_path / 'elsewhere/e.png').touch()
    assert sorted(walk_files(tmp_path)) == [
        'a.png', 'beside/e.png', 'deep/b.png', 'elsewhere/e.png', 'link.png',
        'loop.png', 'real.png']
    assert read_bytes(tmp_path / 'link.png') == b'x'
    with pytest.raises(FileNotFoundError,
                       match=r'a\.png is a link to /annex/x\.png, which is '
                       'not there.*git annex get, dvc pull'):
        read_bytes(tmp_path / 'a.png')


@pytest.mark.parametrize(('path', 'folders', 'expected'), [
    ('data/images/val/A/01.png', ['data/images/val'], 'A/01'),
    ('data/images/val/A/01.png', ['data/images/val/', 'other'], 'A/01'),
    ('data/images/val/A/01.png', ['data/images/va'], '01'),
    ('data/images/val/A/01.png', [], '01'),
    ('data/images/val/A/01.b.png', ['data/masks', 'data'],
     'images/val/A/01.b'),
    ('images/val.tif', ['images/val'], 'val'),
])
def test_output_stem(path, folders, expected):
    assert output_stem(path, folders) == expected
    assert output_stem(os.path.abspath(path), folders) == expected


def test_errors_name_the_file_and_not_the_temporary_one(tmp_path):
    (tmp_path / 'folder').mkdir()
    for path in (tmp_path / 'folder', Path('/proc/none')):
        with pytest.raises(OSError) as error:
            write_atomically(path, b'')
        assert error.value.filename == str(path)
    with pytest.raises(OSError) as error, locked(Path('/proc')):
        pass
    assert error.value.filename == '/proc'
    assert sorted(tmp_path.rglob('*')) == [tmp_path / 'folder']
