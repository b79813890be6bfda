"""What the models of all folds got right, image by image."""
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.csv_files import GrowingTable, number
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.basics.out_of_fold import (
    BOUNDARIES,
    CONFUSIONS,
    IMAGES,
    RECORD,
    REGIONS,
    OutOfFold,
    read_out_of_fold,
)
from mmseg_ext.evaluation import (
    average_seeds,
    boundary_iou,
    count_boundaries,
    iou,
)
from mmseg_ext.planning import Folds

from ..jobs import MASKS, read_result
from .pool import Pool
from .runs import run_folder

IGNORED = 255


@dataclass(frozen=True)
class Measured(OutOfFold):
    """Out-of-fold predictions, measured image by image."""

    @cached_property
    def image_iou(self) -> np.ndarray:
        """(num_images, num_classes + 1) IoU, 0 to 1, seeds averaged.

        Of each class and their mean; nan where an image has no pixel of a
        class, true or predicted.
        """
        return average_seeds(iou(self.confusion))

    @cached_property
    def image_boundary_iou(self) -> Optional[np.ndarray]:
        """The same of Boundary IoU; None where none was counted."""
        if self.boundaries is None:
            return None
        return average_seeds(boundary_iou(self.boundaries))

    @cached_property
    def true_fractions(self) -> np.ndarray:
        """(num_images, num_classes) of the labelled pixels, 0 to 1."""
        return _fractions(self.confusion.sum(-1)[:, 0])

    @cached_property
    def predicted_fractions(self) -> np.ndarray:
        """The same of predictions, seeds averaged."""
        return _fractions(self.confusion.sum(-2)).mean(1)

    def write(self, root: Path) -> None:
        """Write tables and ``cross_validation.json``.

        ``images.csv``, ``confusions.csv`` and, if they were counted,
        ``boundaries.csv``.
        """
        measures = [*(f'IoU.{name}' for name in self.classes), 'mIoU',
                    *(f'true.{name}' for name in self.classes),
                    *(f'predicted.{name}' for name in self.classes)]
        values = 100 * np.column_stack([
            self.image_iou, self.true_fractions, self.predicted_fractions])
        GrowingTable(root / IMAGES, (
            'image', 'group', 'fold', *measures)).write(
            (name, group, fold + 1, *(number(value, 4) for value in row))
            for name, group, fold, row in zip(
                self.names, self.groups, self.folds, values))
        GrowingTable(root / CONFUSIONS, (
            'image', 'seed', 'true', *self.classes)).write(
            (name, seed, self.classes[true], *map(int, row))
            for name, matrices in zip(self.names, self.confusion)
            for seed, matrix in zip(self.seeds, matrices)
            for true, row in enumerate(matrix))
        if self.boundaries is not None:
            GrowingTable(root / BOUNDARIES, (
                'image', 'seed', 'class', *REGIONS)).write(
                (name, seed, kind, *map(int, pixels))
                for name, of_seeds in zip(self.names, self.boundaries)
                for seed, regions in zip(self.seeds, of_seeds)
                for kind, pixels in zip(self.classes, regions.T))
        write_atomically(root / RECORD, json.dumps(dict(
            config=self.config, classes=self.classes, palette=self.palette,
            seeds=self.seeds, notes=self.notes, file=self.file), indent=2))

    @classmethod
    def read(cls, root: Path) -> 'Measured':
        """Read what :meth:`write` wrote.

        Raises:
            FileNotFoundError: If the folder holds no finished
                cross-validation.
            ValueError: If its files do not fit together.
        """
        return cls(**vars(read_out_of_fold(root)))


def measure(root: Path, config: str, pool: Pool, folds: Folds,
            seeds: Sequence[int], notes: Sequence[str],
            progress: Callable[[int, int], None],
            file: str = '') -> Measured:
    """Compare what the finished runs have predicted with the ground truth.

    The masks are copied to ``masks/seed_<seed>``. Of several seeds those
    count whose folds are all finished; if there is none, the one with the
    most finished folds.

    Args:
        root: Folder of the results.
        config: Name of the config, or a title.
        pool: The images.
        folds: How they are dealt out.
        seeds: Of the runs.
        notes: Sentences that belong to the numbers.
        progress: Called with the number of images done, and of all.
        file: Name of the config's file, where ``config`` is a title.

    Raises:
        FileNotFoundError: If no run is finished.
        ValueError: If a prediction does not fit its image.
    """
    numbers = range(len(folds.lists))
    done = {seed: [i for i in numbers
                   if read_result(run_folder(root, i, seed)) is not None]
            for seed in seeds}
    most = max(map(len, done.values()))
    if not most:
        raise FileNotFoundError(f'No fold in {root} is finished')
    used = [seed for seed in seeds if len(done[seed]) == len(folds.lists)]
    used = used or [seed for seed in seeds if len(done[seed]) == most][:1]
    notes = list(notes)
    if most < len(folds.lists):
        missing = [str(i + 1) for i in numbers if i not in done[used[0]]]
        notes.append(
            f'Without fold {", ".join(missing)}, which is not finished: the '
            'numbers are of the other images alone.')
    left = [str(seed) for seed in seeds if seed not in used]
    if left:
        notes.append(f'Without seed {", ".join(left)}, of which not every '
                     'fold is finished.')
    fold_of = folds.fold_of()
    names = [name for name in folds.images if fold_of[name] in done[used[0]]]
    confusion = np.zeros((len(names), len(used), *[len(pool.classes)] * 2),
                         np.int64)
    boundaries = np.zeros((*confusion.shape[:2], len(REGIONS),
                           len(pool.classes)), np.int64)
    for i, name in enumerate(names):
        truth = pool.truth(name)
        for j, seed in enumerate(used):
            source = run_folder(root, fold_of[name],
                                seed) / MASKS / f'{name}.png'
            confusion[i, j], boundaries[i, j] = _count(
                truth, source, len(pool.classes))
            target = mask_path(root, seed, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        progress(i + 1, len(names))
    return Measured(
        config, pool.classes, pool.palette, tuple(used), tuple(names),
        tuple(fold_of[name] for name in names),
        tuple(folds.groups[name] for name in names), confusion, tuple(notes),
        file=file, boundaries=boundaries)


def mask_path(root: Path, seed: int, name: str) -> Path:
    """Return the file of an image's out-of-fold prediction, class ids."""
    return root / MASKS / f'seed_{seed}' / f'{name}.png'


def _count(truth: np.ndarray, path: Path, num_classes: int
           ) -> tuple[np.ndarray, np.ndarray]:
    """Count the labelled pixels of true and predicted classes, and contours.

    Returns:
        (num_classes, num_classes) and (3, num_classes), see
        :class:`~mmseg_ext.basics.out_of_fold.OutOfFold`.
    """
    pred = decode_mask(str(path))
    if pred.shape != truth.shape:
        raise ValueError(f'{path} has shape {pred.shape}, its ground truth '
                         f'{truth.shape}: were the masks replaced since? '
                         '--redo runs the fold again')
    labelled = truth < num_classes
    pairs = num_classes * truth[labelled].astype(np.int64) + pred[labelled]
    confusion = np.bincount(pairs, minlength=num_classes**2).reshape(
        num_classes, num_classes)
    return confusion, count_boundaries(
        pred, np.where(labelled, truth, IGNORED), num_classes,
        ignore_index=IGNORED)


def _fractions(pixels: np.ndarray) -> np.ndarray:
    """Divide the pixels of each class by those of all, the last axis."""
    total = pixels.sum(-1, keepdims=True)
    return np.divide(pixels, total, out=np.zeros(pixels.shape),
                     where=total > 0)
