"""Several files and folders that appear together or not at all."""
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from .begun_folder import claimed_folder
from .file_lock import beside_name, locked
from .files import PREFIX, write_atomically
from .listing import name_some

# Where entries are written, and the same folder once all are complete. Both
# are within the root: on the same file system, where renaming is atomic.
STAGED, COMPLETE = f'{PREFIX}staged', f'{PREFIX}complete'
# In the latter: the names of what is to be moved, and what that replaces.
ENTRIES, REPLACED = f'{PREFIX}entries.json', f'{PREFIX}replaced'


@contextmanager
def staged(root: str | os.PathLike, entries: Sequence[str],
           overwrite: Optional[bool] = None) -> Iterator[Path]:
    """Give a folder to write to, whose entries move to ``root`` at the end.

    If an exception ends the block, ``root`` stays as it was. What a killed
    process has left is undone first: a hidden folder is removed, and where
    some entries had been moved and others not, what was there before them
    comes back.

    Args:
        root: Folder that the entries belong in; made if it is missing.
        entries: Files and folders that will be written, by name.
        overwrite: Replace what is there; None: no, and the tool has no
            option to.

    Raises:
        BlockingIOError: If another process writes there.
        FileExistsError: If ``root`` holds one of them already.
    """
    root = Path(root)
    if root.exists() and not root.is_dir():
        raise FileExistsError(f'{root} is no folder; name another place.')
    with claimed_folder(root):
        staging, complete = root / STAGED, root / COMPLETE
        _clear(staging, complete)
        there = [str(root / entry) for entry in entries
                 if os.path.lexists(root / entry)]
        if there and not overwrite:
            raise FileExistsError(
                f'{name_some(there)} exist already and are not overwritten; '
                'name another folder, or '
                + ('delete them.' if overwrite is None else
                   'replace them knowingly with --overwrite.'))
        staging.mkdir()
        try:
            yield staging
            _move(staging, complete, entries)
        finally:
            _clear(staging, complete)


@contextmanager
def staged_file(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """Give a path to write a file to, which takes its place at the end.

    The path has the same name, in a hidden folder beside it. Other files in
    that folder move too, before it: what a large model keeps beside itself.
    There is never the file of one writing beside what belongs to another:
    while they are moved there is none. If an exception ends the block, all
    is as it was; what a killed process has left is undone first.

    Args:
        path: Of the file; its folder is made if it is missing.
        overwrite: Replace what is there.

    Raises:
        BlockingIOError: If another process writes the file.
        FileExistsError: If there is such a file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path, beside=True):
        staging, complete = (
            beside_name(path, kind) for kind in ('staged', 'complete'))
        _clear(staging, complete)
        check_free(path, overwrite)
        staging.mkdir()
        try:
            yield staging / path.name
            parts = sorted(os.listdir(staging),
                           key=lambda name: (name == path.name, name))
            for part in parts:
                check_free(path.with_name(part), overwrite)
            if parts == [path.name]:
                os.replace(staging / path.name, path)
            else:
                _move(staging, complete, parts)
        finally:
            _clear(staging, complete)


def remove_unfinished(root: Path) -> None:
    """Undo what a killed process has left of :func:`staged`.

    Raises:
        BlockingIOError: If another process writes there.
    """
    if root.is_dir():
        with claimed_folder(root):
            _clear(root / STAGED, root / COMPLETE)


def is_unfinished(root: Path) -> bool:
    """Return whether :func:`staged` has moved perhaps a part of a whole."""
    return (root / COMPLETE).is_dir()


def check_free(path: Path, overwrite: bool) -> None:
    """Refuse a file that is there, and is not to be replaced.

    Before long work; what writes the file asks again.

    Args:
        path: To be written.
        overwrite: Replace what is there.

    Raises:
        FileExistsError: If there is such a file.
    """
    if os.path.lexists(path) and not overwrite:
        raise FileExistsError(f'{path} exists already. Choose another name, '
                              'or replace it knowingly with --overwrite')


def _move(staging: Path, complete: Path, entries: Sequence[str]) -> None:
    """Move entries out of a folder to beside it.

    As long as the folder of the second name is there, what was moved counts
    as unfinished. The last entry is the first to go and the last to come.
    """
    for entry in entries:
        os.lstat(staging / entry)  # all are there
    home = complete.parent
    write_atomically(staging / ENTRIES, json.dumps(list(entries)))
    staging.rename(complete)
    for entry in reversed(entries):
        if os.path.lexists(home / entry):
            (complete / REPLACED).mkdir(exist_ok=True)
            (home / entry).rename(complete / REPLACED / entry)
    for entry in entries:
        (complete / entry).rename(home / entry)
    # under this name it is waste, and may be removed in any order
    complete.rename(staging)


def _clear(staging: Path, complete: Path) -> None:
    """Undo what was moved and is not complete; remove what was written.

    What was begun says itself which entries are its own: other tools may
    have left it, and others' files lie beside it.
    """
    if complete.is_dir():
        home = complete.parent
        entries = json.loads((complete / ENTRIES).read_bytes())
        # First all come back: what lies at home in their places afterwards
        # was there before them, should this be interrupted too.
        for entry in entries:
            if (os.path.lexists(home / entry)
                    and not os.path.lexists(complete / entry)):
                (home / entry).rename(complete / entry)
        for entry in entries:
            if os.path.lexists(complete / REPLACED / entry):
                (complete / REPLACED / entry).rename(home / entry)
        complete.rename(staging)
    if staging.is_dir():
        shutil.rmtree(staging)
