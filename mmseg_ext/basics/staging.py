"""Several files and folders that appear together or not at all."""
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .begun_folder import claimed_folder
from .file_lock import beside_name, locked
from .files import PREFIX, write_atomically
from .listing import name_some

# Where entries are written, and the same folder once all are complete. Both
# are within the root: on the same file system, where renaming is atomic.
STAGED, COMPLETE = f'{PREFIX}staged', f'{PREFIX}complete'
ENTRIES = f'{PREFIX}entries.json'  # in both: what is to be moved


@contextmanager
def staged(root: str | os.PathLike,
           entries: Sequence[str]) -> Iterator[Path]:
    """Give a folder to write to, whose entries move to ``root`` at the end.

    If an exception ends the block, ``root`` stays as it was. What a killed
    process has left is removed first: a hidden folder, and those entries
    that it had moved while others were still to come.

    Args:
        root: Folder that the entries belong in; made if it is missing.
        entries: Files and folders that will be written, by name.

    Raises:
        BlockingIOError: If another process writes there.
        FileExistsError: If ``root`` holds one of them already.
    """
    root = Path(root)
    if root.exists() and not root.is_dir():
        raise FileExistsError(f'{root} is no folder; name another place.')
    with claimed_folder(root):
        _clear(root)
        there = [str(root / entry) for entry in entries
                 if os.path.lexists(root / entry)]
        if there:
            raise FileExistsError(
                f'{name_some(there)} exist already and are not overwritten; '
                'name another folder, or delete them.')
        staging = root / STAGED
        staging.mkdir()
        write_atomically(staging / ENTRIES, json.dumps(list(entries)))
        try:
            yield staging
            # All is there, from here on it is only to be moved. As long as
            # this folder is, what has been moved counts as unfinished.
            staging.rename(root / COMPLETE)
            for entry in entries:
                (root / COMPLETE / entry).rename(root / entry)
            # under this name it is waste, and may be removed in any order
            (root / COMPLETE).rename(staging)
        finally:
            _clear(root)


@contextmanager
def staged_file(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """Give a path to write a file to, which takes its place at the end.

    The path has the same name, in a hidden folder beside it. Other files in
    that folder move too, before it: what a large model keeps beside itself.
    If an exception ends the block, nothing of this is left; what a killed
    process has left is removed first.

    Args:
        path: Of the file; its folder is made if it is missing.
        overwrite: Replace what is there.

    Raises:
        BlockingIOError: If another process writes the file.
        FileExistsError: If there is such a file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path, beside=True):
        folder = beside_name(path, 'staged')
        _remove(folder)
        _check_free(path, overwrite)
        folder.mkdir()
        try:
            yield folder / path.name
            parts = sorted(folder.iterdir(),
                           key=lambda part: part.name == path.name)
            for part in parts:
                _check_free(path.with_name(part.name), overwrite)
            for part in parts:
                os.replace(part, path.with_name(part.name))
        finally:
            shutil.rmtree(folder)


def remove_unfinished(root: Path) -> None:
    """Remove what a killed process has left of :func:`staged`.

    Raises:
        BlockingIOError: If another process writes there.
    """
    if root.is_dir():
        with claimed_folder(root):
            _clear(root)


def _check_free(path: Path, overwrite: bool) -> None:
    if os.path.lexists(path) and not overwrite:
        raise FileExistsError(f'{path} exists already. Choose another name, '
                              'or replace it knowingly with --overwrite')


def _clear(root: Path) -> None:
    """Remove what was written and is not complete.

    What was begun says itself which entries are its own: other tools may
    have left it, and others' files lie beside it.
    """
    if (root / COMPLETE).is_dir():
        for entry in json.loads((root / COMPLETE / ENTRIES).read_bytes()):
            if not os.path.lexists(root / COMPLETE / entry):
                _remove(root / entry)
        (root / COMPLETE).rename(root / STAGED)
    if (root / STAGED).is_dir():
        shutil.rmtree(root / STAGED)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
