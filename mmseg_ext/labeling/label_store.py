"""The folder of labels: masks, overlays, labelme's files and the table."""
import json
import os
from pathlib import Path
from typing import Optional

import cv2
import numpy as np

from mmseg_ext.basics import (
    check_settings,
    open_folder,
    write_atomically,
)
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.datasets.ksdd2_layout import GT
from mmseg_ext.visualization import draw_overlay

from .label_table import (
    ACCEPTED,
    CLEAN,
    REVIEW,
    TABLE,
    LabelRow,
    append_row,
    read_table,
    write_table,
)
from .labelme import write_labelme

SETTINGS = 'settings.json'
FOLDERS = ('masks', 'review', 'overlays', 'labelme')


class LabelStore:
    """What has been labelled so far, in a folder.

    ::

        root
        |-- labels.csv      a line an image
        |-- settings.json   what the labels were made with
        |-- masks           accepted, corrected and clean: <name>_GT.png
        |-- review          proposals that are not accepted: <name>_GT.png
        |-- overlays        mask, prompt and ground truth over the image
        |-- labelme         <name>.json of every image that is not clean

    Args:
        root: The folder; made if it is missing.
        settings: What the labels depend on. Those in a folder that was
            begun before must be the same.
        overwrite: Forget what is there, corrections too.

    Raises:
        FileExistsError: If the folder holds other files.
        ValueError: If it was begun with other settings.
    """

    def __init__(self,
                 root: Path,
                 settings: dict,
                 overwrite: bool = False) -> None:
        self.root = root
        self.rows: dict[str, LabelRow] = {}
        if open_folder(root, SETTINGS, overwrite, FOLDERS, (TABLE, )):
            check_settings(
                root, read_settings(root / SETTINGS), settings, 'make all '
                'labels anew with --overwrite (corrections in it are lost)')
            if (root / TABLE).exists():
                self.rows = read_table(root / TABLE)
        write_atomically(root / SETTINGS, json.dumps(settings, indent=2))
        for row in self.rows.values():  # of an interrupted correction
            self._remove_other_mask(row)
        # whole again, should the last line have been cut off
        self.write_table()

    def write_table(self) -> None:
        """Write labels.csv anew."""
        write_table(self.root / TABLE, self.rows.values())

    def mask_path(self, row: LabelRow) -> Path:
        """Return where a row's mask belongs."""
        folder = 'review' if row.status == REVIEW else 'masks'
        return self.root / folder / f'{row.image}{GT}.png'

    def overlay_path(self, row: LabelRow) -> Path:
        return self.root / 'overlays' / f'{row.image}.png'

    def labelme_path(self, row: LabelRow) -> Path:
        return self.root / 'labelme' / f'{row.image}.json'

    def read_mask(self, row: LabelRow) -> Optional[np.ndarray]:
        """Return a row's mask, (H, W) bool; None if it has none."""
        path = self.mask_path(row)
        return decode_mask(str(path)) > 0 if path.exists() else None

    def add(self, row: LabelRow, image_path: str,
            mask: Optional[np.ndarray] = None,
            image: Optional[np.ndarray] = None,
            truth: Optional[np.ndarray] = None) -> None:
        """Write all files of a new row, and then the row.

        Args:
            row: The row.
            image_path: Its image.
            mask: (H, W) bool; None: there is none.
            image: (H, W, 3) uint8, channels blue, green, red; None: it is
                not readable, or clean.
            truth: (H, W) bool, if it is known.
        """
        self.place_mask(row, mask)
        if image is not None:
            self.draw(row, image, mask, truth)
            sheet = (np.zeros(image.shape[:2], bool) if mask is None else
                     mask)
            write_labelme(
                self.labelme_path(row), image_path, sheet,
                row.status == ACCEPTED)
        again = row.image in self.rows
        self.rows[row.image] = row
        if again:
            self.write_table()
        else:
            append_row(self.root / TABLE, row)

    def correct(self, row: LabelRow, mask: np.ndarray, image: np.ndarray,
                truth: Optional[np.ndarray]) -> None:
        """Write all files of a row that a person has changed, and the table.

        In an order in which an interruption leaves the row as it was, or
        such that the same correction is found again.
        """
        self.rows[row.image] = row
        self.draw(row, image, mask, truth)
        path = self.mask_path(row)
        if path.exists():  # the old mask under the new row: still a change
            self.write_table()
            self._write_mask(path, mask)
        else:  # both masks: the row tells which counts
            self._write_mask(path, mask)
            self.write_table()
        self._remove_other_mask(row)

    def place_mask(self, row: LabelRow, mask: Optional[np.ndarray]) -> None:
        """Write a row's mask where its status says, and nowhere else."""
        if mask is not None:
            self._write_mask(self.mask_path(row), mask)
        self._remove_other_mask(row)

    @staticmethod
    def _write_mask(path: Path, mask: np.ndarray) -> None:
        write_atomically(path, _encode('.png', mask * np.uint8(255)))

    def _remove_other_mask(self, row: LabelRow) -> None:
        path = self.mask_path(row)
        for folder in ('masks', 'review'):
            other = self.root / folder / f'{row.image}{GT}.png'
            if other != path and os.path.isfile(other):
                other.unlink()

    def draw(self, row: LabelRow, image: np.ndarray,
             mask: Optional[np.ndarray],
             truth: Optional[np.ndarray]) -> None:
        """Write a row's overlay."""
        write_atomically(
            self.overlay_path(row),
            _encode('.png', draw_overlay(image, mask, row.points, truth)))

    def has_files(self, row: LabelRow) -> bool:
        """Whether nothing that a row speaks of has been deleted."""
        if row.status == CLEAN or row.area is not None:
            return self.mask_path(row).exists()
        return True


def read_settings(path: Path) -> dict:
    try:
        settings = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is no record of labels: {error}'
                         ) from error
    if not isinstance(settings, dict):
        raise ValueError(f'{path} is no record of labels: {settings!r}')
    return settings


def _encode(suffix: str, picture: np.ndarray) -> bytes:
    return cv2.imencode(suffix, picture)[1].tobytes()
