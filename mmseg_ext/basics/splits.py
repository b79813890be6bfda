"""Split images into training, validation and test, the same every time."""
import hashlib
import math
import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from .listing import check_names, find_listed, name_some
from .printable import counted
from .staging import is_unfinished, remove_unfinished, staged
from .text_files import read_lines

SPLITS = ('train', 'val', 'test')


def shuffle_key(seed: int, name: str) -> bytes:
    """Return what names are sorted by to shuffle them."""
    # A hash, not a generator: it does not change with the library's version,
    # nor an image's place with the other images there are.
    return hashlib.sha256(f'{seed}:{name}'.encode(
        errors='surrogateescape')).digest()


def check_ratios(ratios: Sequence[float]) -> None:
    """Raise ValueError if they are not the proportions of three parts."""
    if (len(ratios) != 3 or not all(map(math.isfinite, ratios))
            or min(ratios) < 0 or sum(ratios) <= 0):
        raise ValueError(f'{tuple(ratios)!r}: must be the proportions of '
                         'training, validation and test, such as (6, 2, 2)')


def stratified_split(strata: Mapping[str, str],
                     ratios: tuple[float, float, float] = (6, 2, 2),
                     seed: int = 0) -> dict[str, list[str]]:
    """Deal images out to training, validation and test by stratum.

    Each stratum is shuffled and cut by itself: the rounded fraction to
    training, the rounded fraction to validation, the rest to test.

    Args:
        strata: Name of an image -> its stratum, such as its defect type.
        ratios: Proportions of training, validation and test, 0 or more.
        seed: Seed of the shuffling, an integer.

    Returns:
        'train', 'val' and 'test' -> names, sorted.

    Raises:
        ValueError: If the ratios are not three numbers of 0 or more, or all
            of them are 0.
    """
    check_ratios(ratios)
    members = defaultdict(list)
    for name, stratum in strata.items():
        members[stratum].append(name)
    parts = {split: [] for split in SPLITS}
    for names in members.values():
        names.sort(key=lambda name: shuffle_key(seed, name))
        # floor(x + 1/2): round() would send a half to the even neighbour
        first, second = (
            int(len(names) * ratio / sum(ratios) + 0.5)
            for ratio in ratios[:2])
        parts['train'] += names[:first]
        parts['val'] += names[first:first + second]
        parts['test'] += names[first + second:]
    return {split: sorted(names) for split, names in parts.items()}


def write_split(folder: str | os.PathLike,
                parts: Mapping[str, list[str]],
                comment: str = '',
                overwrite: bool = False) -> None:
    """Write ``train.txt``, ``val.txt`` and ``test.txt``, a name a line.

    All or none: interrupted, it leaves what was there before.

    Args:
        folder: Folder to write to; made if it is missing.
        parts: Split -> names.
        comment: First line of each file, after a '#'.
        overwrite: Replace files that are there.

    Raises:
        BlockingIOError: If another process writes there.
        FileExistsError: If a file is there already, and ``overwrite`` is
            not set.
        ValueError: If a name cannot stand in a list.
    """
    folder = Path(folder)
    check_names({name: name for names in parts.values() for name in names})
    files = {split: f'{split}.txt' for split in parts}
    remove_unfinished(folder)
    there = [str(folder / name) for name in files.values()
             if os.path.lexists(folder / name)]
    if there and not overwrite:
        raise FileExistsError(f'{", ".join(there)} exist already. Choose '
                              'another folder, or overwrite them knowingly '
                              'with --overwrite')
    with staged(folder, list(files.values()), overwrite) as staging:
        for split, name in files.items():
            lines = [f'# {comment}'] * bool(comment) + [*parts[split]]
            (staging / name).write_text(
                '\n'.join(lines) + '\n', encoding='utf-8')


def read_split(folder: str | os.PathLike,
               known: Collection[str] = (),
               suffixes: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Read what :func:`write_split` wrote: split -> names.

    Empty lines and comments are left out. A published split may come
    without validation: a missing file is a missing key.

    Args:
        folder: Folder of the files.
        known: Names that there are, in whose spelling they are returned;
            others as they stand there.
        suffixes: See :func:`~.listing.read_list`.

    Raises:
        FileNotFoundError: If none of the three files is there.
        ValueError: If a name stands twice, in one file or in two: a tested
            image must not have been trained on; if a file is in an unknown
            encoding; or if a process was killed while it wrote them.
    """
    if is_unfinished(Path(folder)):
        raise ValueError(f'{folder} holds a split that was not written to '
                         'the end: run the command again that writes it.')
    parts, seen, twice = {}, {}, []
    for split in SPLITS:
        path = Path(folder) / f'{split}.txt'
        if not path.is_file():
            continue
        parts[split] = [
            name if name in known or not known else line
            for name, line in find_listed(read_lines(path), suffixes, known)]
        for name in parts[split]:
            if name in seen:
                twice.append(f'{name} ({seen[name]}, {split})')
            seen[name] = split
    if not parts:
        raise FileNotFoundError(
            f'{folder} holds none of train.txt, val.txt and test.txt'
            if os.path.isdir(folder) else f'There is no folder {folder}')
    if twice:
        raise ValueError(f'{folder} names {counted(len(twice), "image")} more '
                         f'than once: {name_some(twice)}. Every image belongs '
                         'to one of train.txt, val.txt and test.txt.')
    return parts
