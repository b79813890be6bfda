"""Which images are meant: files, folders, patterns."""
import glob
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmseg_ext.basics import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Inputs:
    """Images to predict.

    Attributes:
        sources: What was asked for, as absolute paths or patterns.
        images: Name, the path without suffix below the folder that holds
            them all -> path, sorted by name.
        others: Files that were found and are no images.
    """
    sources: tuple[str, ...]
    images: dict[str, Path]
    others: tuple[Path, ...] = ()


def list_inputs(sources: Sequence[str], out: Path) -> Inputs:
    """List the images of files, folders and patterns.

    Folders are searched with all folders in them; hidden files and what lies
    in ``out`` are left out.

    Args:
        sources: A file, which is taken whatever its suffix; a folder; or a
            pattern such as ``scans/*/*.tif`` (``**``: any folders).
        out: Folder that will be written to.

    Raises:
        FileNotFoundError: If a source does not exist or holds no image.
        ValueError: If two images have one name.
    """
    bases, images, others = [], set(), set()
    for source in sources:
        path = _absolute(source)
        if path.is_file():
            bases.append(path.parent)
            images.add(path)
            continue
        if path.is_dir():
            base, found = path, path.rglob('*')
        elif glob.has_magic(source):
            base, found = _fixed_part(path), glob.glob(source, recursive=True)
        else:
            raise FileNotFoundError(
                f'{source} does not exist. Name an image, a folder of images '
                "or a pattern such as 'scans/*.tif'.")
        files = {_absolute(file) for file in found}
        files = {file for file in files
                 if file.is_file() and not _is_left_out(file, base, out)}
        fitting = {file for file in files
                   if file.suffix.lower() in IMAGE_SUFFIXES}
        if not fitting:
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
        tuple(sorted(others - images)))


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
            f'{len(twice)} names are there with several suffixes, such as '
            f'{" and ".join(map(str, twice[0]))}, and would be written to '
            'one mask: rename or remove one, or name the others by a pattern '
            f"such as '*{twice[0][0].suffix}'.")
    return {name: paths[0] for name, paths in sorted(found.items())}
