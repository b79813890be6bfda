"""Folders that a tool begins, goes on with, or leaves alone."""
import pytest

from mmseg_ext.basics import check_settings, open_folder


def opened(root, overwrite=False) -> bool:
    return open_folder(root, 'run.json', overwrite, ['masks'], ['table.csv'])


def filled(root):
    (root / 'masks').mkdir(parents=True)
    for name in ('run.json', 'table.csv', 'masks/a.png', 'notes.txt'):
        (root / name).write_text(name)
    return root


def test_a_new_or_empty_folder_is_begun(tmp_path):
    assert not opened(tmp_path / 'new')
    assert not opened(tmp_path)


def test_what_was_begun_goes_on(tmp_path):
    assert opened(filled(tmp_path / 'out'))
    assert (tmp_path / 'out/masks/a.png').exists()


def test_overwriting_removes_the_tools_own_files(tmp_path):
    assert not opened(filled(tmp_path / 'out'), overwrite=True)
    left = {path.name for path in (tmp_path / 'out').iterdir()}
    assert left == {'run.json', 'notes.txt'}


@pytest.mark.parametrize('overwrite', [False, True])
def test_files_of_others_are_left_alone(tmp_path, overwrite):
    (tmp_path / 'thesis.tex').write_text('')
    with pytest.raises(FileExistsError, match='not this tool'):
        opened(tmp_path, overwrite)
    with pytest.raises(FileExistsError, match=r'thesis\.tex is a file'):
        opened(tmp_path / 'thesis.tex', overwrite)


def test_other_settings_are_named(tmp_path):
    check_settings(tmp_path, dict(a=1), dict(a=1), 'begin anew')
    with pytest.raises(ValueError, match=r'a was 1, is 2; b was None, is 3.*'
                       r'or begin anew\.'):
        check_settings(tmp_path, dict(a=1), dict(a=2, b=3), 'begin anew')
