"""Folders that a tool fills, and goes on filling when it is run again."""
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .file_lock import locked
from .files import PREFIX, remove_temporaries


@contextmanager
def claimed_folder(root: Path) -> Iterator[None]:
    """Make a folder of results if it is missing, and lock it.

    One that is empty at the end is removed if it was made here.

    Raises:
        BlockingIOError: If another process writes there, see
            :func:`~.file_lock.locked`.
        FileExistsError: If it is a file.
    """
    if root.exists() and not root.is_dir():
        raise FileExistsError(f'{root} is a file; name a folder.')
    made = not root.exists()
    root.mkdir(parents=True, exist_ok=True)
    try:
        with locked(root):
            yield
    finally:
        if made:
            with suppress(OSError):
                root.rmdir()


def open_folder(root: Path, record: str, overwrite: bool,
                folders: Sequence[str], files: Sequence[str]) -> bool:
    """Look whether a tool may write to a folder, and whether it did before.

    What a killed process has left half written is removed; nobody else may
    write there, see :func:`claimed_folder`.

    Args:
        root: The folder, which may be missing.
        record: File in it that the tool writes first.
        overwrite: Remove what the tool has written there.
        folders: In ``root``, which the tool writes.
        files: The same.

    Returns:
        Whether there is something to go on with.

    Raises:
        FileExistsError: If it is a file, or holds files of others.
    """
    if root.exists() and not root.is_dir():
        raise FileExistsError(f'{root} is a file; name a folder.')
    began = (root / record).exists()
    # an older version's, killed before it wrote its first file
    half = root / f'{record}.new'
    if not began and root.exists() and any(
            path != half and not path.name.startswith(PREFIX)
            for path in root.iterdir()):
        raise FileExistsError(
            f'{root} holds files that are not this tool\'s; name another '
            'folder. Nothing was written.')
    if half.is_file() and not half.is_symlink():
        half.unlink()
    remove_temporaries([root], deep=False)
    remove_temporaries(root / name for name in folders)
    if began and overwrite:
        for name in folders:
            shutil.rmtree(root / name, ignore_errors=True)
        for name in files:
            (root / name).unlink(missing_ok=True)
    return began and not overwrite


def check_settings(root: Path, began: dict, settings: dict,
                   anew: str) -> None:
    """Refuse to go on in a folder with other settings than before.

    Args:
        root: The folder.
        began: Settings that it was begun with.
        settings: Those of today.
        anew: How to begin again, as the end of a sentence.

    Raises:
        ValueError: If they differ.
    """
    changes = [
        f'{key} was {began.get(key)!r}, is {settings.get(key)!r}'
        for key in sorted({**began, **settings})
        if began.get(key) != settings.get(key)
    ]
    if changes:
        raise ValueError(
            f'{root} was begun with other settings: {"; ".join(changes)}. '
            f'Name another folder, go on with the old settings, or {anew}.')
