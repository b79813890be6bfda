"""One process at a time, and the others learn which."""
import os
import subprocess
import sys

import pytest

from mmseg_ext.basics import FileLock, claimed_folder, locked
from mmseg_ext.basics.file_lock import beside_name

HOLD = '''
import sys
from pathlib import Path
from mmseg_ext.basics import claimed_folder
with claimed_folder(Path(sys.argv[1])):
    print('mine', flush=True)
    sys.stdin.read()
'''


@pytest.fixture
def other(tmp_path):
    """A process that has a folder."""
    process = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(tmp_path / 'out')],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'mine\n'
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_told_who_has_it(other, tmp_path):
    words = (rf'out is being written by process {other.pid} on \S+ since '
             r'20\d\d-.*-c .*out\)\. Wait until it has ended')
    with (pytest.raises(BlockingIOError, match=words),
          claimed_folder(tmp_path / 'out')):
        pass


def test_a_killed_process_holds_nothing(other, tmp_path):
    out = tmp_path / 'out'
    other.kill()
    other.wait()
    assert len(os.listdir(out)) == 1  # its lock
    with claimed_folder(out):
        pass
    assert os.listdir(out) == []


def test_a_process_that_ended_leaves_nothing(other, tmp_path):
    other.communicate()
    assert not (tmp_path / 'out').exists()  # it was made by it, and empty


def test_within_a_process_too(tmp_path):
    refused = pytest.raises(BlockingIOError, match=f'process {os.getpid()} ')
    with locked(tmp_path), refused, locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_beside_a_file(tmp_path):
    path = tmp_path / ('x' * 255)
    with locked(path, beside=True):
        assert not path.exists()
        assert [entry for entry in tmp_path.iterdir()] == [
            beside_name(path, 'lock')]
        with locked(tmp_path / 'another', beside=True):
            pass
        with pytest.raises(BlockingIOError), locked(path, beside=True):
            pass
    assert not list(tmp_path.iterdir())


def test_a_lock_that_another_removes_is_none(tmp_path):
    """Who waited for the file of one that ended takes a new one."""
    first, second = (FileLock(tmp_path / 'lock') for _ in range(2))
    assert first.acquire()
    assert not second.acquire()
    (tmp_path / 'lock').unlink()
    assert second.acquire()  # a file of its own
    assert not FileLock(tmp_path / 'lock').acquire()
    second.release()


def test_never_through_a_link(tmp_path):
    (tmp_path / 'thesis').write_text('mine')
    (tmp_path / 'lock').symlink_to('thesis')
    with pytest.raises(OSError):
        FileLock(tmp_path / 'lock').acquire()
    assert (tmp_path / 'thesis').read_text() == 'mine'


def test_no_lock_is_left_when_it_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), claimed_folder(tmp_path / 'a/out'):
        raise ZeroDivisionError
    assert not (tmp_path / 'a/out').exists()
    (tmp_path / 'file').touch()
    with (pytest.raises(FileExistsError, match='is a file'),
          claimed_folder(tmp_path / 'file')):
        pass
