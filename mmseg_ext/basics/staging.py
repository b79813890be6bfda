"""Several files and folders that appear together or not at all."""
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .listing import name_some


@contextmanager
def staged(root: str | os.PathLike,
           entries: Sequence[str]) -> Iterator[Path]:
    """Give a folder to write to, whose entries move to ``root`` at the end.

    If an exception ends the block, ``root`` stays as it was.

    Args:
        root: Folder that the entries belong in; made if it is missing.
        entries: Files and folders that will be written, by name.

    Raises:
        FileExistsError: If ``root`` holds one of them already.
    """
    root = Path(root)
    there = [str(root / entry) for entry in entries
             if (root / entry).exists()]
    if there:
        raise FileExistsError(f'{name_some(there)} exist already and are '
                              'not overwritten; name another folder, or '
                              'delete them.')
    if root.exists() and not root.is_dir():
        raise FileExistsError(f'{root} is no folder; name another place.')
    home = root.resolve()
    home.parent.mkdir(parents=True, exist_ok=True)
    # A sibling is on the same file system, where renaming is atomic.
    staging = Path(tempfile.mkdtemp(prefix=f'.{home.name}-', dir=home.parent))
    try:
        yield staging
        root.mkdir(exist_ok=True)
        for entry in entries:
            (staging / entry).rename(root / entry)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
