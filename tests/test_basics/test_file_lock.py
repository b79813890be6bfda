"""One process at a time, and the others learn which."""
import os
import signal
import subprocess
import sys
import time

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


FORK = '''
import os
import sys
import time
from pathlib import Path
from mmseg_ext.basics import FileLock
lock = FileLock(Path(sys.argv[1]), keep=True)
assert lock.acquire()
child = os.fork()
if not child:
    time.sleep(60)
    os._exit(0)
print(child, flush=True)
sys.stdin.readline()
lock.release()
print('released', flush=True)
time.sleep(60)
'''
needs_fork = pytest.mark.skipif(
    not hasattr(os, 'fork'), reason='Windows does not fork')


@needs_fork
@pytest.mark.parametrize('killed', [True, False])
def test_a_forked_process_has_no_part_in_it(tmp_path, killed):
    """A loading process may outlive the tool that has started it."""
    path = tmp_path / 'lock'
    parent = subprocess.Popen(
        [sys.executable, '-c', FORK, str(path)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    try:
        lock = FileLock(path)
        assert not lock.acquire()
        assert f'process {parent.pid} ' in lock.holder()
        if killed:
            parent.kill()
            parent.wait()
        else:
            parent.stdin.write(b'\n')
            parent.stdin.flush()
            assert parent.stdout.readline() == b'released\n'
        # a killed one's child may still have to close its copy
        end = time.monotonic() + 20 * killed
        while not (acquired := lock.acquire()) and time.monotonic() < end:
            time.sleep(0.01)
        assert acquired
        os.kill(child, 0)  # is still there
        lock.release()
    finally:
        os.kill(child, signal.SIGKILL)
        parent.kill()
        parent.communicate()


@needs_fork
def test_a_forked_process_gives_nothing_back(tmp_path):
    lock = FileLock(tmp_path / 'lock')
    assert lock.acquire()
    child = os.fork()
    if not child:
        try:
            lock.release()  # as at the end of a with block
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert not FileLock(tmp_path / 'lock').acquire()
    lock.release()
    assert not list(tmp_path.iterdir())


def test_where_no_module_locks_files(tmp_path):
    """Neither fcntl nor msvcrt: it is said, and the work goes on."""
    program = (
        'import sys\n'
        'sys.modules.update(fcntl=None, msvcrt=None)\n'
        'from pathlib import Path\n'
        'from mmseg_ext.basics import locked\n'
        'with locked(Path(sys.argv[1])):\n'
        "    print('goes on')\n")
    done = subprocess.run([sys.executable, '-c', program, str(tmp_path)],
                          capture_output=True, text=True, check=True)
    assert done.stdout == 'goes on\n'
    assert f'nothing keeps locks in {tmp_path}' in done.stderr
    assert not list(tmp_path.iterdir())


def test_no_lock_is_left_when_it_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), claimed_folder(tmp_path / 'a/out'):
        raise ZeroDivisionError
    assert not (tmp_path / 'a/out').exists()
    (tmp_path / 'file').touch()
    with (pytest.raises(FileExistsError, match='is a file'),
          claimed_folder(tmp_path / 'file')):
        pass
