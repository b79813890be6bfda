"""Read files wherever they are; write them in full or not at all."""
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Optional

# Of these, writing the next file would fail as well.
_OF_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE)
# What this package puts beside a file for a while begins so. The names are
# short, whatever the file's: many file systems end at 255 bytes.
PREFIX = '.mmseg_ext-'
_TEMPORARY = re.compile(re.escape(PREFIX) + r'[0-9a-f]{16}\.new')


def read_bytes(path: str | os.PathLike,
               backend_args: Optional[dict] = None) -> bytes:
    """Return the content of a file.

    Args:
        path: Local file, or an address that mmengine has a backend for.
        backend_args: mmengine's file backend; None: chosen by the address.

    Raises:
        OSError: If it cannot be opened; of a link without its file, a
            sentence that says so.
    """
    if backend_args is None and '://' not in str(path):
        try:
            return Path(path).read_bytes()
        except OSError as error:
            if not is_dangling(path):
                raise
            raise FileNotFoundError(describe_dangling(path)) from error
    from mmengine import fileio  # is not there where ONNX files alone run

    return fileio.get(path, backend_args)


def is_dangling(path: str | os.PathLike) -> bool:
    """Return whether a path is a link to nothing."""
    return os.path.islink(path) and not os.path.exists(path)


def describe_dangling(path: str | os.PathLike) -> str:
    """Return the sentence that says what a dangling link lacks."""
    return (f'{path} is a link to {os.readlink(path)}, which is not there. '
            'Where git-annex or DVC keep the files, fetch it: git annex get, '
            'dvc pull.')


def walk_files(folder: str | os.PathLike) -> Iterator[str]:
    """Yield the files in a folder and in all folders in it.

    Links to nothing count as files, which reading them names. Links to
    folders are followed, unless they lead back up. Hidden files and folders
    are left out.

    Args:
        folder: Local folder.

    Returns:
        Paths relative to the folder.

    Raises:
        OSError: If there is no such folder, or one cannot be searched.
    """
    yield from _walk(os.fspath(folder), '', {os.path.realpath(folder)})


def _walk(folder: str, place: str, above: set[str]) -> Iterator[str]:
    """Yield the files below; ``above``: the folders on the way."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = os.path.join(place, entry.name)
            if entry.name.startswith('.'):
                continue
            # of a link in a circle scandir's own question is an error
            if os.path.isfile(entry.path) or is_dangling(entry.path):
                yield name
            elif os.path.isdir(entry.path):
                real = os.path.realpath(entry.path)
                if real not in above:
                    yield from _walk(entry.path, name, above | {real})


def output_stem(path: str | os.PathLike,
                folders: Iterable[str | os.PathLike]) -> str:
    """Return a path without suffix below the folder that holds it, with '/'.

    Of a file in none of the folders, its name alone; of one in several, the
    longest.
    """
    stem = os.path.splitext(path)[0]
    found = [os.path.basename(stem)]
    for folder in folders:
        below = os.path.relpath(os.path.abspath(stem),
                                os.path.abspath(folder))
        if below.split(os.sep)[0] != os.pardir:
            found.append(below.replace(os.sep, '/'))
    return max(found, key=len)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write text or bytes to a file; whoever looks finds all of it or none.

    The folder is made if it is missing. See :func:`replaced_file`. Text is
    written as UTF-8; bytes of a file name that are none, as their numbers.
    """
    if isinstance(content, str):
        content = content.encode(errors='backslashreplace')
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(path) as file:
        file.write(content)


@contextmanager
def replaced_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file, which takes the place of another at the end.

    It has a name of its own before, in the same folder, at which there was
    nothing: no file or link of others is written to. Where ``path`` is a
    link, the link is replaced and not what it points to. The content is on
    the disk before the name is: a loss of power leaves no empty file.
    """
    new = path.with_name(f'{PREFIX}{secrets.token_hex(8)}.new')
    try:
        file = open(new, 'xb')  # noqa: SIM115
    except OSError as error:
        error.filename = str(path)  # nobody knows the other
        raise
    with file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
        except BaseException as error:
            with suppress(OSError):  # what is buffered may not fit, either
                file.close()
            new.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(path)  # of a disk that is full
            raise
    try:
        os.replace(new, path)
    except OSError as error:
        new.unlink(missing_ok=True)
        error.filename = str(path)
        raise


def is_of_disk(error: OSError) -> bool:
    """Return whether an error is the disk's, and not of one file."""
    return error.errno in _OF_DISKS


def sha256(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits.

    By it a file is known again. Dates and inode numbers are no proof: a copy
    may keep the one, and file systems of networks give others of their own.

    Raises:
        OSError: If it cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def is_temporary(name: str) -> bool:
    """Return whether :func:`replaced_file` gives files such names."""
    return _TEMPORARY.fullmatch(name) is not None


def remove_temporaries(folders: Iterable[Path], deep: bool = True) -> None:
    """Remove what a killed process has left half written.

    Args:
        folders: To be searched, while nobody else writes there.
        deep: With all folders in them.
    """
    for folder in folders:
        for place, below, names in os.walk(folder):
            if not deep:
                below.clear()
            for name in filter(is_temporary, names):
                Path(place, name).unlink(missing_ok=True)
