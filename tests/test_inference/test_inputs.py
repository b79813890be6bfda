"""Files, folders and patterns, with real files."""
import os

import pytest

from mmseg_ext.inference import list_inputs


@pytest.fixture
def scans(tmp_path):
    for name in ('scans/a.png', 'scans/steel/a.tif', 'scans/steel/b.JPG',
                 'scans/notes.txt', 'scans/.cache/c.png',
                 'scans/results/masks/a.png', 'empty/readme.md'):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'x')
    return tmp_path / 'scans'


def listed(sources, out='nowhere'):
    return {name: os.path.basename(path)
            for name, path in list_inputs(
                list(map(str, sources)), out).images.items()}


def test_folder(scans):
    out = scans / 'results'
    inputs = list_inputs([str(scans)], out)
    # neither hidden files nor the results are taken for images
    assert listed([scans], out) == {
        'a': 'a.png', 'steel/a': 'a.tif', 'steel/b': 'b.JPG'}
    assert [path.name for path in inputs.others] == ['notes.txt']
    assert inputs.sources == (str(scans), )


def test_relative_paths(scans, monkeypatch):
    monkeypatch.chdir(scans / 'steel')
    assert listed(['.']) == listed(['../steel']) == {
        'a': 'a.tif', 'b': 'b.JPG'}
    assert listed(['*.tif']) == {'a': 'a.tif'}


def test_file_is_taken_whatever_its_suffix(scans):
    assert listed([scans / 'steel/b.JPG']) == {'b': 'b.JPG'}
    assert listed([scans / 'notes.txt']) == {'notes': 'notes.txt'}


def test_patterns_keep_the_folders_after_the_fixed_part(scans):
    assert listed([scans / '*/*.tif']) == {'steel/a': 'a.tif'}
    assert listed([scans / 'steel/*.tif']) == {'a': 'a.tif'}
    assert listed([scans / '**/a.*'], scans / 'results') == {
        'a': 'a.png', 'steel/a': 'a.tif'}
    inputs = list_inputs([str(scans / '*')], 'nowhere')
    assert [path.name for path in inputs.others] == ['notes.txt']


def test_several_sources_are_named_from_their_common_folder(scans):
    assert listed([scans / 'a.png', scans / 'steel']) == {
        'a': 'a.png', 'steel/a': 'a.tif', 'steel/b': 'b.JPG'}


def test_one_stem_in_different_folders_is_no_clash(scans):
    assert {'a', 'steel/a'} <= set(listed([scans]))


def test_one_stem_with_different_suffixes(scans):
    (scans / 'a.bmp').write_bytes(b'x')
    with pytest.raises(ValueError, match=r'a\.bmp and .*a\.png'):
        listed([scans])
    # a pattern picks one of them, as the error says
    assert set(listed([scans / '*.bmp'])) == {'a'}


def test_images_in_the_folder_of_results(scans):
    with pytest.raises(FileNotFoundError, match='folder to write to'):
        list_inputs([str(scans)], scans)


def test_nothing_there(scans):
    with pytest.raises(FileNotFoundError, match='missing does not exist'):
        listed([scans / 'missing'])
    with pytest.raises(FileNotFoundError, match='of 1 files there, none'):
        listed([scans.parent / 'empty'])
    with pytest.raises(FileNotFoundError, match='of 0 files'):
        listed([scans / '*.bmp'])
    with pytest.raises(FileNotFoundError, match='of 1 files'):
        listed([scans / '*.txt'])
