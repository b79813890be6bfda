"""One process at a time writes to a folder, and the others learn which."""
import errno
import hashlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .command_line import quote_command
from .files import PREFIX
from .printable import printable

try:
    import fcntl
except ImportError:
    fcntl = None  # on Windows, which has msvcrt
try:
    import msvcrt
except ImportError:
    msvcrt = None

# What file systems answer that keep no locks, some network mounts.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP,
             errno.ENOTSUP)  # the last two differ on macOS
_PLACE = 2**30  # of the byte that Windows locks; the text stays readable
_held: set['FileLock'] = set()


class FileLock:
    """A lock that the operating system keeps, in a file.

    It ends with the process that holds it, however that ends: a file that is
    left of a killed process locks nothing, and the processes that it has
    forked, such as those that load data, have no part in it. Over NFS it
    holds between machines, where the server keeps locks (``flock``); where a
    file system or a platform keeps none, :meth:`acquire` says so and goes on
    without. On Windows the same by ``msvcrt``.

    Args:
        path: The file; made if it is missing, with its folder there.
        keep: Leave it behind at the end.
    """

    def __init__(self, path: Path, keep: bool = False) -> None:
        self.path = path
        self.keep = keep
        self._file: int | None = None

    def acquire(self) -> bool:
        """Return whether the lock is ours now."""
        while True:
            # never through a link
            file = os.open(self.path, os.O_RDWR | os.O_CREAT
                           | getattr(os, 'O_NOFOLLOW', 0), 0o666)
            try:
                if not _lock(file):
                    os.close(file)
                    return False
                # whoever held it may have removed it meanwhile
                if _same(file, self.path):
                    break
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    os.close(file)
                    raise
                print(f'warning: nothing keeps locks in {self.path.parent}: '
                      'see that no second command writes there at the same '
                      'time', file=sys.stderr)
                break
            os.close(file)
        self._file = file
        _held.add(self)
        os.ftruncate(file, 0)
        os.write(file, json.dumps(dict(
            pid=os.getpid(), host=socket.gethostname(),
            since=time.strftime('%Y-%m-%d %H:%M:%S'),
            command=quote_command(sys.argv))).encode())
        return True

    def hand_on(self) -> tuple[int, ...]:
        """Return what a new process takes over to hold the lock, too.

        It is held then until :meth:`release`, or until both processes have
        ended. Nothing is to be handed on where it is not held.
        """
        return () if self._file is None else (self._file, )

    def release(self) -> None:
        """Give it back."""
        if self._file is None:
            return
        if not self.keep and os.name != 'nt':
            self.path.unlink(missing_ok=True)  # before anybody else has it
        # a process that was just forked may not have closed its copy yet
        with suppress(OSError):
            _unlock(self._file)
        self._close()
        if not self.keep and os.name == 'nt':  # removes no open file
            with suppress(OSError):
                self.path.unlink()

    def _close(self) -> None:
        os.close(self._file)
        self._file = None
        _held.discard(self)

    def holder(self) -> str:
        """Return who holds it, in words."""
        try:
            found = json.loads(self.path.read_text(encoding='utf-8'))
            words = (f'process {found["pid"]} on {found["host"]} since '
                     f'{found["since"]} ({found["command"]})')
        except (OSError, ValueError, LookupError, TypeError):
            return 'another process'  # which is just writing it
        return printable(words)


def _leave_to_parent() -> None:
    """Close a forked process's copies, which would keep the locks alive."""
    for lock in list(_held):
        lock._close()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_leave_to_parent)


@contextmanager
def locked(root: Path, beside: bool = False) -> Iterator[None]:
    """Keep other processes out of a folder or a file.

    Args:
        root: The folder, which is there; or a file to write.
        beside: It is a file: the lock lies beside it.

    Raises:
        BlockingIOError: If another process has it; the message says which.
    """
    path = (beside_name(root, 'lock') if beside else
            root / f'{PREFIX}lock')
    lock = FileLock(path)
    try:
        acquired = lock.acquire()
    except OSError as error:
        error.filename = str(root)  # such as of a folder that is read-only
        raise
    if not acquired:
        raise BlockingIOError(
            f'{root} is being written by {lock.holder()}. Wait until it has '
            'ended, end it, or name another place.')
    try:
        yield
    finally:
        lock.release()


def beside_name(path: Path, kind: str) -> Path:
    """Return a short hidden name beside a file that belongs to it alone."""
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    return path.with_name(f'{PREFIX}{digest}.{kind}')


def _lock(file: int) -> bool:
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt is not None:
            _lock_byte(file, msvcrt.LK_NBLCK)
        else:
            raise OSError(errno.ENOSYS, 'no module that locks files')
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return True


def _unlock(file: int) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_UN)
    elif msvcrt is not None:
        _lock_byte(file, msvcrt.LK_UNLCK)


def _lock_byte(file: int, mode: int) -> None:
    os.lseek(file, _PLACE, os.SEEK_SET)
    msvcrt.locking(file, mode, 1)
    os.lseek(file, 0, os.SEEK_SET)


def _same(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
