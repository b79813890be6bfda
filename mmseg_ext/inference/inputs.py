"""Which images are meant: files, folders, patterns."""
import glob
import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from mmseg_ext.basics import IMAGE_SUFFIXES, name_fault, printable
from mmseg_ext.basics.files import is_dangling
from mmseg_ext.basics.printable import counted


@dataclass(frozen=True)
class Inputs:
    """Images to predict.

    Attributes:
        sources: What was asked for, as absolute paths or patterns.
        images: Name, the path without suffix below the folder that holds
            them all -> path, sorted by name.
        others: Files that were found and are no images.
        unread: Folder that could not be searched -> why.
    """
    sources: tuple[str, ...]
    images: dict[str, Path]
    others: tuple[Path, ...] = ()
    unread: dict[str, str] = field(default_factory=dict)

    def faults(self, folds: bool = False) -> dict[str, str]:
        """Return name -> why nothing can be written under it.

        Args:
            folds: The file system of the results does not tell capital
                letters from small ones.
        """
        found, masks = {}, {}
        for name, path in self.images.items():
            fault = name_fault(name)
            if fault is not None:
                found[name] = f'{path}: {fault}'
                continue
            key = _folded(f'{name}.png') if folds else f'{name}.png'
            within = next((str(parent) for parent in
                           PurePosixPath(key).parents if str(parent) in masks
                           ), None)
            other = masks.setdefault(key if within is None else within, path)
            if other != path:
                found[name] = (f'{path}: its results would have the place of '
                               f'those of {other}: rename one of them')
        return found


def list_inputs(sources: Sequence[str], out: Path) -> Inputs:
    """List the images of files, folders and patterns.

    Folders are searched with all folders in them; hidden files and what lies
    in ``out`` are left out. Links to nothing count as files: git-annex and
    DVC leave them where a file is not fetched.

    Args:
        sources: A file, which is taken whatever its suffix; a folder; or a
            pattern such as ``scans/*/*.tif`` (``**``: any folders).
        out: Folder that will be written to.

    Raises:
        FileNotFoundError: If a source does not exist or holds no image.
        ValueError: If two images have one name.
    """
    bases, images, others, unread = [], set(), set(), {}
    for source in sources:
        path = _absolute(source)
        if _is_file(path):
            bases.append(path.parent)
            images.add(path)
            continue
        if path.is_dir():
            base, found = path, _walk(path, unread)
        elif glob.has_magic(source):
            base, found = _fixed_part(path), glob.glob(source, recursive=True)
        else:
            raise FileNotFoundError(
                f'{source} does not exist. Name an image, a folder of images '
                "or a pattern such as 'scans/*.tif'.")
        there = {_absolute(file) for file in found}
        files = {file for file in there
                 if _is_file(file) and not _is_left_out(file, base, out)}
        fitting = {file for file in files
                   if file.suffix.lower() in IMAGE_SUFFIXES}
        if not fitting and not unread:
            if any(_absolute(out) in file.parents for file in there):
                raise FileNotFoundError(
                    f'All images in {source} are in {out}, the folder to '
                    'write to, and count as results: name another folder to '
                    'write to.')
            raise FileNotFoundError(
                f'No image in {source}: of {len(files)} files there, none '
                'ends in '
                f'{", ".join(IMAGE_SUFFIXES)}.')
        bases.append(base)
        images |= fitting
        others |= files - fitting
    return Inputs(
        tuple(str(_absolute(source)) for source in sources),
        _name(images, Path(os.path.commonpath(bases))),
        tuple(sorted(others - images)), unread)


def _is_file(path: Path) -> bool:
    return path.is_file() or is_dangling(path)


def _walk(folder: Path, unread: dict[str, str]) -> Iterator[str]:
    """Yield all files in a folder; note the folders that are closed."""
    def note(error: OSError) -> None:
        unread[printable(error.filename)] = str(error.strerror)

    for place, _, names in os.walk(folder, onerror=note):
        for name in names:
            yield os.path.join(place, name)


def _folded(name: str) -> str:
    return unicodedata.normalize('NFC', name).casefold()


def _absolute(path: str | Path) -> Path:
    """Return an absolute path without '..', links as they are."""
    return Path(os.path.abspath(path))


def _fixed_part(pattern: Path) -> Path:
    """Return the folder that a pattern begins with."""
    parts = []
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts)


def _is_left_out(file: Path, base: Path, out: Path) -> bool:
    hidden = any(part.startswith('.') for part in file.relative_to(base).parts)
    return hidden or _absolute(out) in file.parents


def _name(images: set[Path], base: Path) -> dict[str, Path]:
    """Return name -> path.

    Raises:
        ValueError: If a name is there twice.
    """
    found = defaultdict(list)
    for path in sorted(images):
        found[path.relative_to(base).with_suffix('').as_posix()].append(path)
    twice = [paths for paths in found.values() if len(paths) > 1]
    if twice:
        raise ValueError(
            f'{counted(len(twice), "name")} with several suffixes, such as '
            f'{" and ".join(map(str, twice[0]))}, which would be written to '
            'one mask: rename or remove one, or name the others by a pattern '
            f"such as '*{twice[0][0].suffix}'.")
    return {name: paths[0] for name, paths in sorted(found.items())}
