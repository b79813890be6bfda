"""The folds of a cross-validation: dealt out, written, edited, read."""
import io
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics.csv_files import CsvWriter, read_table
from mmseg_ext.basics.deal import deal_folds, together
from mmseg_ext.basics.duplicates import Fingerprint
from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import find_listed, name_some
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.staging import staged
from mmseg_ext.basics.text_files import read_lines

LIST = re.compile(r'fold_([1-9]\d*)\.txt')
GROUPS = 'groups.csv'
COLUMNS = ('image', 'group')


@dataclass(frozen=True)
class Folds:
    """Which images are predicted by the model that has not seen them.

    Attributes:
        lists: The images of each fold, sorted.
        groups: Image -> its group; those of a group share a fold.
    """
    lists: tuple[tuple[str, ...], ...]
    groups: Mapping[str, str]

    @property
    def images(self) -> list[str]:
        """All images, sorted."""
        return sorted(name for names in self.lists for name in names)

    def fold_of(self) -> dict[str, int]:
        """Return image -> its fold, from 0."""
        return {name: number for number, names in enumerate(self.lists)
                for name in names}

    def trained(self, number: int) -> list[str]:
        """Return the images that a fold's model is trained on."""
        return sorted(name for other, names in enumerate(self.lists)
                      if other != number for name in names)

    def torn(self) -> list[str]:
        """Return the groups with images in several folds, as after edits."""
        folds = self.fold_of()
        places = {(self.groups[name], folds[name]) for name in folds}
        counts = Counter(group for group, _ in places)
        return sorted(group for group, count in counts.items() if count > 1)

    def write(self, folder: Path) -> None:
        """Write ``fold_1.txt`` and so on, a name a line, and groups.csv.

        All or none. Nothing that is there is replaced.

        Raises:
            FileExistsError: If there are such files.
        """
        table = io.StringIO(newline='')
        CsvWriter(table).writerows([COLUMNS, *(
            (name, self.groups[name]) for name in self.images)])
        texts = {GROUPS: table.getvalue()}
        for i, names in enumerate(self.lists):
            texts[f'fold_{i + 1}.txt'] = '\n'.join(
                [f'# Images that the model of fold {i + 1} has not seen. Edit '
                 'the lists as you like, before the first run.', *names, ''])
        with staged(folder, list(texts)) as staging:
            for name, text in texts.items():
                (staging / name).write_text(text, encoding='utf-8')


def make_folds(names: Sequence[str], classes: np.ndarray,
               prints: Sequence[Fingerprint],
               keys: Optional[Mapping[str, str]], num_folds: int,
               seed: int = 0) -> Folds:
    """Deal images out to folds that have every class, where that can be.

    The rarest class comes first. Images with the same key, and those that
    are nearly the same, stay together. The same images and the same seed
    give the same folds.

    Args:
        names: Of the images.
        classes: (num_images, num_classes) bool, whether an image has a
            pixel of a class.
        prints: Of the images.
        keys: Image -> what it belongs to, such as a specimen; None: nothing.
        num_folds: How many folds there are.
        seed: Seed of the order in which images come.

    Raises:
        ValueError: If there are fewer groups than folds.
    """
    order = sorted(range(len(names)), key=lambda i: names[i])
    names = [names[i] for i in order]
    groups = together([prints[i] for i in order],
                      keys and [keys[name] for name in names])
    folds = deal_folds(names, np.asarray(classes)[order], groups, num_folds,
                       seed)
    title = {names[number]: (keys or {}).get(names[group[0]],
                                             names[group[0]])
             for group in groups for number in group}
    return Folds(
        tuple(tuple(name for name, fold in zip(names, folds) if fold == i)
              for i in range(num_folds)), title)


def read_folds(folder: Path, known: Collection[str]) -> Optional[Folds]:
    """Read what :meth:`Folds.write` wrote, and a person may have edited.

    Args:
        folder: Of the lists.
        known: Names of the images that there are.

    Returns:
        The folds; None if the folder has no list.

    Raises:
        ValueError: If lists are missing, fewer than two or empty, or name
            an image twice or one that there is not.
    """
    found = {}
    for path in folder.glob('fold_*.txt') if folder.is_dir() else ():
        match = LIST.fullmatch(path.name)
        if match:
            found[int(match[1])] = path
    if not found:
        return None
    if sorted(found) != list(range(1, len(found) + 1)) or len(found) < 2:
        raise ValueError(
            f'{folder} holds {name_some([p.name for p in found.values()])}: '
            'must be fold_1.txt, fold_2.txt and so on, two or more without '
            'a gap')
    lists, seen = [], {}
    for number in sorted(found):
        path = found[number]
        names = find_listed(read_lines(path), IMAGE_SUFFIXES, known)
        absent = [line for name, line in names if name not in known]
        if absent:
            raise ValueError(
                f'{path} lists '
                + counted(len(absent), 'image that is', 'images that are')
                + ' not there: '
                f'{name_some(absent)}. Remove the lines, or add the images.')
        if not names:
            raise ValueError(f'{path} lists no image: every fold needs one')
        for name, _ in names:
            if name in seen:
                raise ValueError(
                    f'{name} is in {seen[name]} and in {path.name} of '
                    f'{folder}: every image belongs to one fold, so that no '
                    'model has seen what it is judged by')
            seen[name] = path.name
        lists.append(tuple(sorted(name for name, _ in names)))
    table = folder / GROUPS
    return Folds(tuple(lists), read_keys(str(table), seen) if table.is_file()
                 else {name: name for name in seen})


def read_keys(source: str, names: Collection[str]) -> dict[str, str]:
    """Return image -> group, from a table or by a pattern on the names.

    Args:
        source: A CSV file with the columns ``image`` and ``group``, or else
            a regular expression. What it finds in a name is the image's
            group: its first pair of brackets, or all of it.
        names: Of the images; a table need not name them all.

    Returns:
        Of each image; of those in no group, the image's own name.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If it is no such table, or the pattern is none or fits
            no image.
    """
    if source.lower().endswith('.csv') or os.path.isfile(source):
        return {**{name: name for name in names},
                **_table_keys(source, names)}
    try:
        pattern = re.compile(source)
    except re.error as error:
        raise ValueError(
            f"'{source}' is no file and no regular expression ({error}): "
            "name a CSV file with the columns image and group, or a pattern "
            "such as '^(specimen\\d+)_'") from error
    matches = {name: pattern.search(name) for name in names}
    if not any(matches.values()):
        raise ValueError(
            f"'{source}' is no file, and as a pattern it fits none of the "
            f'{len(matches)} names, such as {name_some(sorted(matches))}')
    return {name: name if match is None else
            (match[1] or match[0] if pattern.groups else match[0])
            for name, match in matches.items()}


def _table_keys(path: str, names: Collection[str]) -> dict[str, str]:
    rows = read_table(Path(path))
    if rows and not {*COLUMNS} <= {*rows[0]}:
        raise ValueError(f'{path} has the columns {", ".join(rows[0])}: '
                         'image and group are needed')
    keys, foreign = {}, []
    for row in rows:
        (name, line), = find_listed([row['image']], IMAGE_SUFFIXES,
                                    names) or [('', row['image'])]
        if name not in names:
            foreign.append(line)
        elif row['group']:
            if keys.get(name, row['group']) != row['group']:
                raise ValueError(f'{path} puts {name} into {keys[name]} and '
                                 f'into {row["group"]}')
            keys[name] = row['group']
    if rows and not keys:
        raise ValueError(
            f'{path} names none of the {len(names)} images, such as '
            f'{name_some(sorted(names))}; it names {name_some(foreign)}')
    return keys
