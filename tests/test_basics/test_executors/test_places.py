"""What a worker looks for before it does anything."""
import os
from dataclasses import replace

import pytest

from mmseg_ext.basics.executors.places import SharedFolders


@pytest.fixture
def shared(tmp_path):
    (tmp_path / 'data').mkdir()
    for name in ('b.png', 'a.png', '.hidden'):
        (tmp_path / 'data' / name).touch()
    shared = SharedFolders()
    shared.add([tmp_path / 'out'], [tmp_path / 'data'])
    yield shared
    shared.close()
    assert not os.listdir(tmp_path / 'out')


def test_nothing_is_wrong(shared, tmp_path):
    shared.add([tmp_path / 'out'], [])  # once more
    (tmp_path / 'data/more.png').touch()
    (tmp_path / 'data/.hidden').unlink()
    assert shared.places().fault() == ''


def test_the_folder_of_results(shared, tmp_path):
    places = shared.places()
    token, = (tmp_path / 'out').iterdir()
    (name, content), = places.tokens.values()
    assert (token.name, token.read_bytes()) == (name, content)
    other = replace(places, tokens={
        str(tmp_path / 'out'): (name, b'of another machine')})
    assert f'cannot see {tmp_path / "out"}' in other.fault()
    other = replace(places, tokens={
        str(tmp_path / 'nowhere'): (name, content)})
    assert f'cannot see {tmp_path / "nowhere"}' in other.fault()


def test_locks(tmp_path):
    """As of a file system that keeps none, nobody has the token's."""
    shared = SharedFolders()
    shared.add([tmp_path], [])
    places = shared.places()
    shared.close()
    (name, content), = places.tokens.values()
    (tmp_path / name).write_bytes(content)
    assert f'does not see the locks of this machine in {tmp_path}' in (
        places.fault())


def test_other_folders(shared, tmp_path):
    places = shared.places()
    (tmp_path / 'data/a.png').unlink()
    assert f'cannot see {tmp_path / "data"}' in places.fault()


@pytest.mark.parametrize('name', ['mmseg_ext', 'torch'])
def test_versions(shared, name):
    places = shared.places()
    other = replace(places, versions={**places.versions, name: '0.1'})
    assert (f'has {name} {places.versions[name]}, and this machine 0.1'
            in other.fault())
