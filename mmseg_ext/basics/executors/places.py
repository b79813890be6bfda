"""What a worker on another machine must see and have."""
import os
import secrets
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmseg_ext.version import __version__

from ..file_lock import FileLock
from ..files import PREFIX
from .command import PAUSE

SUFFIX = '.shared'
REMEMBERED = 60  # seconds: NFS does by default at most
NAMES = 8  # that are looked for in a folder


def describe_worker() -> str:
    """Return this process in words."""
    return f'{socket.gethostname()} (process {os.getpid()})'


def read_versions() -> dict[str, str]:
    """Return package -> version of what results depend on."""
    try:
        torch = version('torch')
    except PackageNotFoundError:
        torch = 'not installed'
    return dict(mmseg_ext=__version__, torch=torch)


@dataclass(frozen=True)
class Places:
    """What to look for, in small and plain values that travel well.

    Attributes:
        tokens: Folder of results -> name and content of a file in it, on
            which the client has a lock.
        read: Other folder -> some names in it.
        versions: See :func:`read_versions`.
    """
    tokens: dict[str, tuple[str, bytes]]
    read: dict[str, list[str]]
    versions: dict[str, str]

    def fault(self) -> str:
        """Return what is wrong here and what to do, '' if nothing is."""
        for name, wanted in self.versions.items():
            found = read_versions()[name]
            if found != wanted:
                return (f'has {name} {found}, and this machine {wanted}: '
                        'results would differ. Start its workers in the same '
                        'environment')
        for folder, (name, content) in self.tokens.items():
            path = Path(folder, name)
            if not path.is_file() or path.read_bytes() != content:
                return _unseen(folder)
            lock = FileLock(path, keep=True)
            if lock.acquire():
                lock.release()
                return (f'does not see the locks of this machine in {folder}'
                        ', without which two workers could do one job at '
                        'once: mount it with locks (of NFS without nolock '
                        'and local_lock, of Lustre with flock), or name '
                        'another folder with --work-dir')
        for folder, names in self.read.items():
            if not all(os.path.lexists(os.path.join(folder, name))
                       for name in ('', *names)):
                return _unseen(folder)
        return ''


def _unseen(folder: str) -> str:
    return (f'cannot see {folder}, or sees another folder there: mount it '
            'under the same path on all machines, or name one that they '
            'share')


def await_file(path: Path) -> None:
    """Wait a while for a file that another machine has written.

    Network file systems remember what was not there.
    """
    end = time.monotonic() + REMEMBERED
    while not path.exists() and time.monotonic() < end:
        os.listdir(path.parent)  # asks the server
        time.sleep(PAUSE)


class SharedFolders:
    """The client's side of :class:`Places`: its tokens, until it is closed.
    """

    def __init__(self) -> None:
        self._locks: dict[str, FileLock] = {}
        self._read: dict[str, list[str]] = {}

    def add(self, written: Iterable[Path], read: Iterable[Path]) -> None:
        """Add folders; those of results are made.

        Args:
            written: Folders of results.
            read: Other folders.
        """
        for folder in map(_whole, written):
            if folder in self._locks:
                continue
            Path(folder).mkdir(parents=True, exist_ok=True)
            for path in Path(folder).glob(f'{PREFIX}*{SUFFIX}'):
                left = FileLock(path)  # of a client that was killed?
                if left.acquire():
                    left.release()
            lock = FileLock(
                Path(folder, f'{PREFIX}{secrets.token_hex(8)}{SUFFIX}'))
            lock.acquire()
            self._locks[folder] = lock
        for folder in map(_whole, read):
            with os.scandir(folder) as entries:
                # what is hidden may come and go
                self._read[folder] = sorted(
                    entry.name for entry in entries
                    if not entry.name.startswith('.'))[:NAMES]

    def places(self) -> Places:
        return Places(
            {folder: (lock.path.name, lock.path.read_bytes())
             for folder, lock in self._locks.items()},
            dict(self._read), read_versions())

    def close(self) -> None:
        """Remove the tokens."""
        for lock in self._locks.values():
            lock.release()


def _whole(folder: Path) -> str:
    return os.path.abspath(folder)
