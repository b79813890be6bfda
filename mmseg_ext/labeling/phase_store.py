"""The folder of phase labels: predictions, labelme's files, a training set."""
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmseg_ext.basics import check_settings, open_folder, write_atomically
from mmseg_ext.basics.csv_files import GrowingTable
from mmseg_ext.basics.labelme_files import ids_to_shapes, write_shapes
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.basics.png_files import write_png_atomically

from .label_store import SETTINGS, read_settings
from .labelme import ACCEPTED
from .phase_shapes import shapes_to_ids
from .phase_table import (
    REVIEW,
    TABLE,
    PhaseRow,
    cells_of,
    phase_table,
    read_rows,
    write_rows,
)

TRAINING, RECORD = 'training', 'corrections.csv'
PART = 'train'
FOLDERS = ('predictions', 'labelme', TRAINING)


class PhaseStore:
    """Predictions of phases, and what a person has made of them.

    ::

        root
        |-- labels.csv       a line an image, the most undecided first
        |-- settings.json    what the predictions were made with
        |-- predictions      <name>.png, class ids, of every image
        |-- labelme          <name>.png, the image as the model saw it, and
        |                    <name>.json, its polygons, of those to correct
        |-- training         what a person has corrected or accepted
            |-- images/train <name>.*, copies of the images' files
            |-- masks/train  <name>.png, class ids, 255: no label
            |-- corrections.csv   what was done to each
            |-- config.py    the model's config with these data as well

    Args:
        root: The folder; made if it is missing.
        settings: What the predictions depend on. Those in a folder that was
            begun before must be the same.
        classes: Names of the phases, in the order of their ids.
        tolerance: Of polygons, in pixels, see :func:`ids_to_shapes`.
        overwrite: Forget what is there, corrections too.

    Raises:
        FileExistsError: If the folder holds other files.
        ValueError: If it was begun with other settings.
    """

    def __init__(self, root: Path, settings: dict, classes: Sequence[str],
                 tolerance: float, overwrite: bool = False) -> None:
        self.root = root
        self.classes = list(classes)
        self.tolerance = tolerance
        self.rows: dict[str, PhaseRow] = {}
        if open_folder(root, SETTINGS, overwrite, FOLDERS, (TABLE, )):
            check_settings(
                root, read_settings(root / SETTINGS), settings, 'make all '
                'labels anew with --overwrite (corrections in it are lost)')
            self.rows = read_rows(root / TABLE)
        write_atomically(root / SETTINGS, json.dumps(settings, indent=2))
        # whole again, should the last line have been cut off
        self.write_table()

    def write_table(self) -> None:
        """Write labels.csv anew."""
        write_rows(self.root / TABLE, self.rows.values())

    def prediction_path(self, name: str) -> Path:
        return self.root / 'predictions' / f'{name}.png'

    def labelme_path(self, name: str) -> Path:
        return self.root / 'labelme' / f'{name}.json'

    def mask_path(self, name: str) -> Path:
        return self.root / TRAINING / 'masks' / PART / f'{name}.png'

    def add(self, row: PhaseRow, ids: np.ndarray) -> None:
        """Write the prediction of an image, (H, W) uint8, and its row."""
        write_png_atomically(self.prediction_path(row.image), ids)
        self.put(row)

    def put(self, row: PhaseRow) -> None:
        """Write a row."""
        again = row.image in self.rows
        self.rows[row.image] = row
        if again:
            self.write_table()
        else:
            phase_table(self.root / TABLE).append([cells_of(row)])

    def prediction(self, name: str) -> np.ndarray:
        """Return what the model has predicted, (H, W) uint8."""
        return decode_mask(str(self.prediction_path(name)))

    def export(self, row: PhaseRow, image: np.ndarray, base: str) -> None:
        """Write an image and its polygons for labelme.

        Args:
            row: Its row.
            image: As the model saw it, uint8.
            base: Phase that no polygon covers.
        """
        ids = self.prediction(row.image)
        number = self.classes.index(base)
        shapes = ids_to_shapes(ids, self.classes, number, self.tolerance)
        path = self.labelme_path(row.image)
        picture = path.with_suffix('.png')
        write_png_atomically(picture, image)
        write_shapes(path, picture, shapes, ids.shape, {ACCEPTED: False},
                     indent=None)
        drawn = shapes_to_ids(shapes, ids.shape, self.classes, number)
        row.exported = digest(drawn.ids)
        row.base_phase, row.status = base, REVIEW
        self.put(row)

    def keep(self, row: PhaseRow, path: Path, ids: np.ndarray) -> None:
        """Take a mask over into the training set, and then its row.

        Args:
            row: Of the image.
            path: File of the image.
            ids: (H, W) uint8, class ids; 255: no label.
        """
        write_png_atomically(self.mask_path(row.image), ids)
        copy = self.root / TRAINING / 'images' / PART / (
            row.image + path.suffix)
        write_atomically(copy, path.read_bytes())
        self.put(row)

    def withdraw(self, row: PhaseRow) -> None:
        """Take an image out of the training set."""
        folder = self.root / TRAINING / 'images' / PART / row.image
        for path in [*folder.parent.glob('*'), self.mask_path(row.image)]:
            if path.is_file() and path.stem == folder.name:
                path.unlink()
        self.put(row)

    def write_record(self) -> int:
        """Write what came from a person; return of how many images."""
        rows = sorted((row for row in self.rows.values() if row.by_hand),
                      key=lambda row: row.image)
        folder = self.root / TRAINING
        if not rows and not folder.exists():
            return 0
        folder.mkdir(exist_ok=True)
        GrowingTable(folder / RECORD, (
            'image', 'by_hand', 'changed_percent', 'base_phase',
            'image_sha256')).write(
                (row.image, row.status, f'{row.changed_percent:.4f}',
                 row.base_phase, row.sha256) for row in rows)
        return len(rows)


def digest(ids: np.ndarray) -> str:
    """Return the first digits of the SHA-256 of a mask."""
    return hashlib.sha256(np.ascontiguousarray(ids)).hexdigest()[:16]
