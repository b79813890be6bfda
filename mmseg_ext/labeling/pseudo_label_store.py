"""The folder of pseudo-labels: predictions, and the training set of them."""
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from mmseg_ext.basics import check_settings, open_folder, write_atomically
from mmseg_ext.basics.csv_files import GrowingTable
from mmseg_ext.basics.files import remove_temporaries, sha256
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.basics.png_files import encode_png, write_png_atomically
from mmseg_ext.basics.printable import counted, name_some
from mmseg_ext.basics.pseudo_labels import MARK, SHEET
from mmseg_ext.inference.probabilities import STEPS
from mmseg_ext.inference.run_record import RECORD, RunRecord

from .confidence import (
    LEVELS,
    NO_LABEL,
    count_confidences,
    keep_confident,
)

PREDICTED, TABLE = 'predictions.csv', 'confidence.csv'
CONFIG, BASE = 'train_on_both.py', 'config.py'
PART = 'train'
PREDICTIONS = ('predictions', 'confidences')
LABELS = ('images', 'masks')
LABEL_FILES = (TABLE, SHEET, CONFIG, BASE, MARK)
SELECTION = ('threshold', 'per_class', 'round')
COLUMNS = ('image', 'file', 'sha256')
ANEW = ('make all labels anew with --overwrite (predictions are kept where '
        'model and images are the same; changes to the masks are lost)')


class Confidence(NamedTuple):
    """How sure the model is of an image.

    Attributes:
        pixels: (C,) Number of pixels that are predicted as each class.
        kept: (C,) Number of those that have a pseudo-label.
        mean: Mean confidence of all pixels, 0 to 1.
    """
    pixels: np.ndarray
    kept: np.ndarray
    mean: float

    @property
    def fraction(self) -> float:
        """Fraction of the pixels that have a pseudo-label."""
        return float(self.kept.sum() / self.pixels.sum())


class PseudoLabelStore:
    """What a model predicts, how confident it is, and its pseudo-labels.

    ::

        root
        |-- run.json             what the labels were made with
        |-- predictions.csv      a line an image that is predicted
        |-- predictions          <name>.png, class ids
        |-- confidences          <name>.png, 16 bits, 65535: certain
        |-- pseudo_labels.json   marks the masks, see PseudoLabels
        |-- images/train         <name>.*, copies of the images' files
        |-- masks/train          <name>.png, class ids, 255: no label
        |-- confidence.csv       a line an image, the least sure first
        |-- contact_sheet.png
        |-- train_on_both.py     the model's config with these data as well

    Args:
        root: The folder; made if it is missing.
        record: What the labels depend on. The settings in a folder that was
            begun before must be the same.
        overwrite: Forget the labels; the predictions, too, if settings
            beside ``SELECTION`` differ.

    Raises:
        FileExistsError: If the folder holds other files.
        ValueError: If it was begun with other settings, or masks in it were
            changed since they had been written.
    """

    def __init__(self, root: Path, record: RunRecord,
                 overwrite: bool = False) -> None:
        self.root, self.record = root, record
        classes = record.classes
        self.predicted = GrowingTable(root / PREDICTED, COLUMNS)
        self.table = GrowingTable(root / TABLE, (
            'image', 'kept_fraction', 'mean_confidence', 'pixels',
            *(f'kept_of_{name}' for name in classes), 'mask_sha256'))
        old = self._old_settings(overwrite)
        same = old is not None and _predicting(old) == _predicting(
            record.settings)
        folders, files = LABELS, LABEL_FILES
        if not same:
            folders, files = folders + PREDICTIONS, (*files, PREDICTED)
        if open_folder(root, RECORD, overwrite, folders, files):
            check_settings(root, old, record.settings, ANEW)
            self._refuse_changed()
        remove_temporaries(root / name for name in PREDICTIONS + LABELS)
        record.write(root)
        self.rows = {row['image']: row for row in self.predicted.rows()}
        # written whole again, should the last line have been cut off
        self.forget([name for name, row in self.rows.items()
                     if overwrite and not Path(row['file']).is_file()])

    def _old_settings(self, overwrite: bool) -> Optional[dict]:
        if not (self.root / RECORD).exists():
            return None
        try:
            return RunRecord.read(self.root).settings
        except ValueError:
            if overwrite:
                return None
            raise

    def _refuse_changed(self) -> None:
        """Refuse to write over masks that a person has corrected."""
        changed = [
            row['image'] for row in self.table.rows()
            if self.mask_path(row['image']).is_file()
            and sha256(self.mask_path(row['image'])) != row['mask_sha256']]
        if changed:
            raise ValueError(
                counted(len(changed), f'mask in {self.root} was',
                        f'masks in {self.root} were')
                + f' changed by hand: {name_some(changed)}. Copy the '
                'folder to keep them, then ' + ANEW + '.')

    def mask_path(self, name: str) -> Path:
        return self.root / 'masks' / PART / f'{name}.png'

    def is_predicted(self, name: str, digest: str) -> bool:
        """Whether the image of this SHA-256 is predicted."""
        row = self.rows.get(name)
        return row is not None and row['sha256'] == digest and all(
            (self.root / folder / f'{name}.png').is_file()
            for folder in PREDICTIONS)

    def add(self, name: str, path: Path, digest: str, ids: np.ndarray,
            confidences: np.ndarray) -> None:
        """Write the prediction of an image, and then its row.

        Args:
            name: Of the image.
            path: Its file.
            digest: SHA-256 of that.
            ids: (H, W) uint8, class ids.
            confidences: (H, W) uint16, see :func:`confidence_of`.
        """
        again = name in self.rows
        for folder, pixels in zip(PREDICTIONS, (ids, confidences)):
            write_png_atomically(self.root / folder / f'{name}.png', pixels)
        self.rows[name] = dict(zip(COLUMNS, (name, str(path), digest)))
        if again:
            self.predicted.write(row.values() for row in self.rows.values())
        else:
            self.predicted.append([self.rows[name].values()])

    def prediction(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return class ids and confidences of an image, (H, W) each."""
        ids, confidences = (
            decode_mask(str(self.root / folder / f'{name}.png'))
            for folder in PREDICTIONS)
        return ids, confidences

    def histogram(self, names: Sequence[str]) -> np.ndarray:
        """Return how often each confidence occurs, (C, 65536) int64."""
        counts = np.zeros((len(self.record.classes), LEVELS), np.int64)
        for name in names:
            count_confidences(counts, *self.prediction(name))
        return counts

    def select(self, images: Mapping[str, Path], thresholds: np.ndarray
               ) -> dict[str, Confidence]:
        """Write a mask of each image that has a confident pixel.

        Args:
            images: Name -> path, of those that are predicted.
            thresholds: (C,), see :func:`class_thresholds`.

        Returns:
            Name -> how sure the model is, the least sure first.
        """
        if not self.table.path.exists():
            self.table.write([])
        written = {row['image']: row for row in self.table.rows()}
        found = {}
        for name, path in images.items():
            mask, found[name] = self._select_pixels(name, thresholds)
            content = encode_png(mask)
            digest = hashlib.sha256(content).hexdigest()
            if not found[name].kept.any():
                self._take_out(name)
                continue
            self._write_mask(name, content, digest, written)
            copy = self.root / 'images' / PART / (name + path.suffix)
            if not copy.is_file() or sha256(copy) != (
                    self.rows[name]['sha256']):
                write_atomically(copy, path.read_bytes())
            self.table.append([self._cells(name, found[name], digest)])
            written[name] = dict(mask_sha256=digest)
        for name in set(written) - set(images):
            self._take_out(name)
        found = dict(sorted(
            found.items(), key=lambda item: (item[1].fraction, item[0])))
        self.table.write(self._cells(
            name, one, written[name]['mask_sha256'] if one.kept.any() else '')
            for name, one in found.items())
        return found

    def mask(self, name: str, thresholds: np.ndarray) -> np.ndarray:
        """Return the pseudo-labels of an image, (H, W) uint8."""
        return keep_confident(*self.prediction(name), thresholds)

    def _select_pixels(self, name: str, thresholds: np.ndarray
                 ) -> tuple[np.ndarray, Confidence]:
        ids, confidences = self.prediction(name)
        mask = keep_confident(ids, confidences, thresholds)
        pixels, kept = (
            np.bincount(part.ravel(), minlength=NO_LABEL + 1)[
                :len(thresholds)] for part in (ids, mask))
        return mask, Confidence(
            pixels, kept, float(confidences.mean(dtype=np.float64) / STEPS))

    def _write_mask(self, name: str, content: bytes, digest: str,
                    written: Mapping[str, Mapping[str, str]]) -> None:
        path = self.mask_path(name)
        if path.is_file():
            there = sha256(path)
            if there == digest:
                return
            if name not in written or (
                    there != written[name]['mask_sha256']):
                raise ValueError(
                    f'{path} is not what this tool has written. Copy the '
                    'folder to keep it, then ' + ANEW + '.')
        write_atomically(path, content)

    def _take_out(self, name: str) -> None:
        """Remove an image from the training set."""
        folder = self.root / 'images' / PART / name
        for path in [*folder.parent.glob('*'), self.mask_path(name)]:
            if path.is_file() and path.stem == folder.name:
                path.unlink()

    def _cells(self, name: str, found: Confidence, digest: str) -> list:
        return [
            name, f'{found.fraction:.6f}', f'{found.mean:.6f}',
            int(found.pixels.sum()),
            *(f'{kept / pixels:.6f}' if pixels else ''
              for kept, pixels in zip(found.kept, found.pixels)), digest]

    def forget(self, names: Sequence[str]) -> None:
        """Remove what is predicted of images that are no longer there."""
        for name in names:
            del self.rows[name]
            for folder in PREDICTIONS:
                with suppress(FileNotFoundError):
                    (self.root / folder / f'{name}.png').unlink()
            self._take_out(name)
        self.predicted.write(row.values() for row in self.rows.values())


def _predicting(settings: Mapping) -> dict:
    """Return the settings that the predictions depend on."""
    return {name: value for name, value in settings.items()
            if name not in SELECTION}
