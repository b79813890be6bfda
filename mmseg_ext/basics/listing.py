"""List the files of a data set, and name some of them in an error."""
import os.path as osp
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Optional

from mmengine import fileio

from .files import dangling_links, describe_dangling, is_dangling
from .printable import name_fault

MAX_LISTED = 5


def list_files(folder: str,
               suffixes: tuple[str, ...],
               backend_args: Optional[dict] = None) -> dict[str, str]:
    """Return path without suffix (relative to folder) -> path, sorted.

    A folder that does not exist holds no files. Links to nothing count as
    files, which reading names: git-annex and DVC leave them.

    Args:
        folder: Folder to search, with all folders in it.
        suffixes: Lower-case suffixes to look for; files' own may be upper.
        backend_args: mmengine's file backend.

    Raises:
        ValueError: If two files differ in the suffix alone.
    """
    found = defaultdict(list)
    try:
        for name in (*fileio.list_dir_or_file(
                folder, list_dir=False, recursive=True,
                backend_args=backend_args), *dangling_links(folder)):
            stem, suffix = osp.splitext(name)
            if suffix.lower() in suffixes:
                found[stem].append(name)
    except FileNotFoundError:
        return {}
    twice = [names for names in found.values() if len(names) > 1]
    if twice:
        raise ValueError(f'{folder} holds {len(twice)} names with several '
                         f'suffixes, such as {", ".join(sorted(twice[0]))}: '
                         'remove all but one.')
    return {stem: osp.join(folder, found[stem][0]) for stem in sorted(found)}


def list_folders(folder: str,
                 backend_args: Optional[dict] = None) -> list[str]:
    """Return the names of the folders in a folder, sorted; none if absent."""
    try:
        return sorted(
            fileio.list_dir_or_file(
                folder, list_file=False, backend_args=backend_args))
    except FileNotFoundError:
        return []


def read_list(file: str,
              suffixes: tuple[str, ...],
              backend_args: Optional[dict] = None) -> list[tuple[str, str]]:
    """Read a text file with a name a line, with or without suffix.

    Args:
        file: The text file.
        suffixes: Lower-case suffixes that are taken off; others are part of
            the name.
        backend_args: mmengine's file backend.

    Returns:
        (name without suffix, name as it stands there), in its order.
    """
    lines = fileio.get_text(file, backend_args=backend_args).split('\n')
    names = [line.strip() for line in lines if line.strip()]
    return [(osp.splitext(name)[0] if name.lower().endswith(suffixes)
             else name, name) for name in names]


def check_links(paths: Iterable[Optional[str]]) -> None:
    """Refuse files that are links to nothing, before they are needed.

    Args:
        paths: Of the files; None is passed over.

    Raises:
        FileNotFoundError: Which, and how to fetch them.
    """
    absent = [path for path in paths if path and is_dangling(path)]
    if absent:
        raise FileNotFoundError(
            f'{len(absent)} files are links to what is not there: '
            f'{name_some(absent)}. {describe_dangling(absent[0])}')


def check_names(files: Mapping[str, str]) -> None:
    """Refuse files whose names cannot stand in a list or a table.

    Args:
        files: Name -> path.

    Raises:
        ValueError: Which, and why.
    """
    faults = [f'{path}: {name_fault(name)}' for name, path in files.items()
              if name_fault(name)]
    if faults:
        raise ValueError(f'{len(faults)} files have names that cannot be '
                         f'written to lists: {"; ".join(faults[:MAX_LISTED])}')


def name_some(names: Sequence[str]) -> str:
    """Write the first names and how many more there are."""
    rest = len(names) - MAX_LISTED
    more = f' and {rest} more' if rest > 0 else ''
    return ', '.join(names[:MAX_LISTED]) + more
