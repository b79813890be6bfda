"""List the files of a data set, and name some of them in an error."""
import os
import os.path as osp
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Optional

from mmengine import fileio

from .files import describe_dangling, is_dangling, walk_files
from .printable import MAX_LISTED, counted, name_fault, name_some, printable
from .text_files import read_lines

COMMENT = '#'
LOSSY = ('.jpg', '.jpeg')  # what no mask is stored as


def same_name(name: str) -> str:
    """Return a name as it is compared: composed letters, '/'.

    A Mac writes 'ü' as two letters where others write one.
    """
    return unicodedata.normalize('NFC', name.replace(osp.sep, '/'))


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

    Returns:
        Names as of :func:`same_name`, paths as they are.

    Raises:
        ValueError: If two files differ in the suffix alone.
    """
    found = _list(folder, suffixes, backend_args)
    twice = [paths for paths in found.values() if len(paths) > 1]
    if twice:
        names = ', '.join(
            osp.relpath(path, folder) for path in sorted(twice[0]))
        raise ValueError(
            f'{folder} holds {counted(len(twice), "name")} with several '
            f'suffixes or spellings, such as {names}: which file is meant '
            f'cannot be told. {AMBIGUOUS}')
    return {name: paths[0] for name, paths in sorted(found.items())}


AMBIGUOUS = ('If images and their masks lie side by side, move the masks to '
             'a folder of their own, under the same names; of copies, leave '
             'one.')


def _list(folder: str, suffixes: tuple[str, ...],
          backend_args: Optional[dict] = None) -> dict[str, list[str]]:
    found = defaultdict(list)
    try:
        for name in names_of_files(folder, backend_args):
            stem, suffix = osp.splitext(name)
            if suffix.lower() in suffixes:
                found[same_name(stem)].append(osp.join(folder, name))
    except (FileNotFoundError, NotADirectoryError):
        pass
    return found


def names_of_files(folder: str,
                   backend_args: Optional[dict] = None) -> Iterable[str]:
    """Return the files in a folder and in all folders in it.

    Args:
        folder: Local folder, see :func:`~.files.walk_files`, or an address
            that mmengine has a backend for.
        backend_args: mmengine's file backend; None: chosen by the address.

    Returns:
        Paths relative to the folder.
    """
    if backend_args is None and '://' not in folder:
        return walk_files(folder)
    return fileio.list_dir_or_file(
        folder, list_dir=False, recursive=True, backend_args=backend_args)


def list_side_by_side(
        folder: str, image_suffixes: tuple[str, ...],
        mask_suffixes: tuple[str, ...]
) -> Optional[tuple[dict[str, str], dict[str, str]]]:
    """Tell images and masks of one folder apart by their suffixes.

    JPEG changes values, so of a.jpg and a.png the second is the mask.

    Args:
        folder: Folder to search, with all folders in it.
        image_suffixes: Lower-case suffixes of images.
        mask_suffixes: The same of masks.

    Returns:
        Images and masks as of :func:`list_files`, images without a mask
        among them; None if no name, or not every name that is there more
        than once, is such a pair.
    """
    found = _list(folder, (*image_suffixes, *mask_suffixes))
    images, masks = {}, {}
    for name, paths in sorted(found.items()):
        images[name] = paths[0]
        if len(paths) == 1:
            continue
        photographs = [path for path in paths
                       if osp.splitext(path)[1].lower() in LOSSY]
        if len(paths) != 2 or len(photographs) != 1:
            return None
        images[name], = photographs
        masks[name], = set(paths) - set(photographs)
    return (images, masks) if masks else None


def list_folders(folder: str,
                 backend_args: Optional[dict] = None) -> list[str]:
    """Return the names of the folders in a folder, sorted; none if absent."""
    try:
        if backend_args is None and '://' not in folder:
            return sorted(entry.name for entry in os.scandir(folder)
                          if os.path.isdir(entry.path))
        return sorted(
            fileio.list_dir_or_file(
                folder, list_file=False, backend_args=backend_args))
    except FileNotFoundError:
        return []


def read_list(file: str,
              suffixes: tuple[str, ...],
              known: Collection[str],
              backend_args: Optional[dict] = None) -> list[tuple[str, str]]:
    """Read a text file with a name a line, with or without suffix.

    Where the name is not known otherwise, quotation marks around it and a
    comma or semicolon after it are left out, and backslashes separate
    folders. A line that begins with '#' is a comment unless there is such a
    name. A line may also be a path that ends as that of the file does, with
    one or more of the folders that hold it: 'images/train/a.png'.

    Args:
        file: The text file, see :func:`~.text_files.read_text`.
        suffixes: Lower-case suffixes that are taken off; others are part of
            the name.
        known: Names that there are, as of :func:`list_files`; with their
            paths, where lines may be paths.
        backend_args: mmengine's file backend.

    Returns:
        (name without suffix, line as it stands there), in its order. Names
        that are not known are among them.

    Raises:
        OSError: If it cannot be opened.
        ValueError: If it is in an unknown encoding.
    """
    return find_listed(read_lines(file, backend_args), suffixes, known)


def find_listed(lines: Sequence[str], suffixes: tuple[str, ...],
                known: Collection[str]) -> list[tuple[str, str]]:
    """Return (name, line) of the lines of a list, see :func:`read_list`."""
    found = []
    for line in lines:
        spellings = list(dict.fromkeys(
            _without_suffix(name, suffixes)
            for text in (line, _without_quotes(line)) for name in (
                same_name(text), same_name(text.replace('\\', '/')))))
        spellings += [osp.normpath(name).replace(osp.sep, '/')
                      for name in spellings]  # ./a.png
        there = [name for name in (*spellings, same_name(line))
                 if name in known]
        if not there and isinstance(known, Mapping):
            there = [name for spelling in spellings
                     for name in _by_path(spelling, known)]
        if there or not line.startswith(COMMENT):
            found.append((there[0] if there else spellings[0], line))
    return found


def _without_quotes(line: str) -> str:
    """Return what spreadsheets put in quotation marks, or before a comma."""
    line = line.rstrip(',;').rstrip()
    for mark in ('"', "'"):
        if len(line) > 2 and line[0] == line[-1] == mark:
            return line[1:-1]
    return line


def _by_path(spelling: str, known: Mapping) -> list[str]:
    """Return the name whose file lies at a path; none if there is none.

    A folder in it is that of the file: 'test/a' is no 'train/a'.
    """
    parts = spelling.split('/')
    for first in range(1, len(parts)):
        name = '/'.join(parts[first:])
        path = known.get(name)
        if isinstance(path, str):
            place = same_name(osp.splitext(osp.abspath(path))[0]).split('/')
            return [name] * (place[-len(parts):] == parts)
    return []


def describe_absent(lines: Sequence[str], suffixes: tuple[str, ...],
                    known: Collection[str]) -> str:
    """Say what the lines of a list are that name no file, and what to do.

    Args:
        lines: Those that name none.
        suffixes, known: See :func:`read_list`.
    """
    columns = [line for line in lines if any(
        name in known for words in (line.split('\t'), line.split(','),
                                    line.split())
        if len(words) > 1
        for name, _ in find_listed([words[0].strip()], suffixes, known))]
    if columns:
        return (counted(len(columns), 'line has', 'lines have')
                + ' several columns, such as '
                f'{columns[0]!r}: leave the first alone, the name of the '
                'image; its mask is found by that.')
    elsewhere = [line for line in lines if osp.basename(
        _without_suffix(same_name(line.replace('\\', '/')), suffixes))
        in known]
    if elsewhere:
        return (counted(len(elsewhere), 'line is a path', 'lines are paths')
                + ' to another folder, such as '
                f'{elsewhere[0]!r}: write the names of the images alone, or '
                'paths within the folder of the images.')
    return 'Add the images, or remove the lines.'


def _without_suffix(name: str, suffixes: tuple[str, ...]) -> str:
    return osp.splitext(name)[0] if name.lower().endswith(suffixes) else name


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
            counted(len(absent), 'file is a link', 'files are links')
            + ' to what is not there: '
            f'{name_some(absent)}. {describe_dangling(absent[0])}')


def check_names(files: Mapping[str, str]) -> None:
    """Refuse files whose names cannot stand in a list or a table.

    Args:
        files: Name -> path.

    Raises:
        ValueError: Which, and why.
    """
    faults = [f'{printable(path)}: {name_fault(name)}'
              for name, path in files.items() if name_fault(name)]
    if faults:
        raise ValueError(counted(len(faults), 'file has a name',
                                 'files have names')
                         + ' that cannot be written to lists: '
                         f'{"; ".join(faults[:MAX_LISTED])}')


def describe_capitals(missing: Iterable[str],
                      there: Iterable[str]) -> str:
    """Say that names differ in nothing but capital letters, if some do.

    Args:
        missing: Names that were looked for, without suffix.
        there: Others, which were not.

    Returns:
        A sentence and a space; '' if no two differ so.
    """
    folded = {name.casefold(): name for name in there}
    for name in missing:
        other = folded.get(name.casefold())
        if other is not None and other != name:
            return (f'Capital letters count, and {osp.basename(other)} is '
                    f'not {osp.basename(name)}: rename one of the two. ')
    return ''
