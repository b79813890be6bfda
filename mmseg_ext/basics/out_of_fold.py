"""What a cross-validation leaves: confused pixels of every image."""
import json
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Optional

import numpy as np

from .csv_files import read_table

RECORD = 'cross_validation.json'
IMAGES, CONFUSIONS = 'images.csv', 'confusions.csv'
BOUNDARIES = 'boundaries.csv'
REGIONS = ('both', 'predicted', 'true')  # its columns of pixels
LISTS = 'folds/fold_*.txt'


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of models new to each image, against the ground truth.

    Attributes:
        config: Name of the config, or title of the row of a suite.
        classes: Names of the classes.
        palette: Colour of each, (red, green, blue), 0 to 255.
        seeds: Of the runs.
        names: Images that have a prediction of every seed.
        folds: Fold of each, from 0.
        groups: Group of each: what belongs together, such as one specimen.
        confusion: (num_images, num_seeds, num_classes, num_classes) pixels,
            true by predicted class.
        notes: Sentences that belong to the numbers.
        unfinished: Numbers of the folds, from 0, that have a list and no
            images.
        file: Name of the config's file, where ``config`` is a title; '': it
            is that name.
        boundaries: (num_images, num_seeds, 3, num_classes) pixels of the
            intersection, the predicted and the true boundary region of each
            class; None: folders written before these were counted.
    """
    config: str
    classes: tuple[str, ...]
    palette: list[list[int]]
    seeds: tuple[int, ...]
    names: tuple[str, ...]
    folds: tuple[int, ...]
    groups: tuple[Hashable, ...]
    confusion: np.ndarray
    notes: tuple[str, ...] = ()
    unfinished: tuple[int, ...] = ()
    file: str = ''
    boundaries: Optional[np.ndarray] = None

    @cached_property
    def errors(self) -> np.ndarray:
        """(num_images, num_seeds, num_classes) predicted - true fraction.

        Of the labelled pixels of an image, -1 to 1.
        """
        total = self.confusion.sum((-1, -2))[..., None]
        return (self.confusion.sum(-2) - self.confusion.sum(-1)
                ) / np.maximum(total, 1)


def read_out_of_fold(root: Path) -> OutOfFold:
    """Read the folder of a cross-validation.

    Raises:
        FileNotFoundError: If the folder holds no cross-validation of which a
            fold is finished.
        ValueError: If its files do not fit together.
    """
    missing = [name for name in (RECORD, IMAGES, CONFUSIONS)
               if not (root / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f'{root} has no {missing[0]}: it is no folder of '
            'cross_validate, or no fold of it is finished')
    name = CONFUSIONS
    try:
        found = _read(root)
        if not (root / BOUNDARIES).is_file():
            return found
        name = BOUNDARIES
        return replace(found, boundaries=_read_boundaries(root, found))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{root / name} does not fit {root / IMAGES} and '
            f'{root / RECORD}: run cross_validate again with '
            '--report-only') from error


def _read(root: Path) -> OutOfFold:
    record = json.loads((root / RECORD).read_text(encoding='utf-8'))
    classes, seeds = tuple(record['classes']), tuple(record['seeds'])
    rows, lines = read_table(root / IMAGES), read_table(root / CONFUSIONS)
    names = tuple(row['image'] for row in rows)
    if [(line['image'], line['seed']) for line in lines] != [
            (name, str(seed)) for name in names for seed in seeds
            for _ in classes]:
        raise ValueError('other images, seeds or classes')
    confusion = np.array([
        [int(line[name]) for name in classes] for line in lines
    ], np.int64).reshape(len(names), len(seeds), *[len(classes)] * 2)
    folds = tuple(int(row['fold']) - 1 for row in rows)
    return OutOfFold(
        record['config'], classes, record['palette'], seeds, names, folds,
        tuple(row['group'] for row in rows), confusion,
        tuple(record['notes']), _unfinished(root, folds),
        record.get('file', ''))


def _read_boundaries(root: Path, found: OutOfFold) -> np.ndarray:
    lines = read_table(root / BOUNDARIES)
    if [(line['image'], line['seed'], line['class']) for line in lines] != [
            (name, str(seed), kind) for name in found.names
            for seed in found.seeds for kind in found.classes]:
        raise ValueError('other images, seeds or classes')
    counts = np.array([[int(line[region]) for region in REGIONS]
                       for line in lines], np.int64)
    shape = (*found.confusion.shape[:3], len(REGIONS))
    return counts.reshape(shape).swapaxes(-1, -2)


def _unfinished(root: Path, folds: tuple[int, ...]) -> tuple[int, ...]:
    lists = {int(path.stem.removeprefix('fold_')) - 1
             for path in root.glob(LISTS)}
    return tuple(sorted(lists - {*folds}))
