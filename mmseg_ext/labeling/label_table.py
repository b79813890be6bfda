"""The table of labels: what became of every image, and why."""
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Optional

from mmseg_ext.basics.csv_files import GrowingTable

from .points import Point

TABLE = 'labels.csv'
ACCEPTED, REVIEW, CORRECTED, CLEAN = STATUSES = (
    'accepted', 'review', 'corrected', 'clean')
UNREADABLE = 'unreadable'  # so begins the reason of what has no picture
CONFIRMED, REJECTED = 'accepted by hand', 'rejected by hand'


@dataclass
class LabelRow:
    """One image.

    Attributes:
        image: Name, its path without suffix below the folder of images.
        label: 1: defective, 0: clean.
        status: 'accepted' and 'corrected' have their mask in ``masks``,
            'clean' one of 0 alone; 'review' has one in ``review`` or none.
        reason: Why it is for review.
        probability: Of a defect by the classifier, 0 to 1; None: not asked.
        points: The prompt.
        quality: Of the mask, 0 to 1; None: there was none.
        area: Fraction of the image that the mask covers, 0 to 1.
        iou: With the ground-truth mask, 0 to 1; None: it is not known.
        sha256: Of the image's file, the first 16 digits; '': not known.
    """
    image: str
    label: int
    status: str
    reason: str = ''
    probability: Optional[float] = None
    points: tuple[Point, ...] = ()
    quality: Optional[float] = None
    area: Optional[float] = None
    iou: Optional[float] = None
    sha256: str = ''

    @property
    def by_hand(self) -> bool:
        """Whether a person has decided on the mask."""
        return (self.status == CORRECTED
                or self.reason in (CONFIRMED, REJECTED))

    def to_text(self) -> dict[str, str]:
        """Return the cells of the row."""
        cells = asdict(self)
        # one line a row: what an interruption cuts off can be told
        cells['reason'] = ' '.join(self.reason.split())
        cells['points'] = ' '.join(
            f'{row}:{col}' for row, col in self.points)
        for name in NUMBERS:
            value = cells[name]
            cells[name] = '' if value is None else f'{value:.6g}'
        return cells

    @classmethod
    def from_text(cls, cells: dict[str, str]) -> 'LabelRow':
        """Read the cells of a row.

        Raises:
            ValueError: If a cell is not what it must be.
        """
        if cells['status'] not in STATUSES:
            raise ValueError(f'{cells["status"]!r} is none of '
                             f'{", ".join(STATUSES)}')
        points = tuple(
            Point(*map(int, point.split(':')))
            for point in cells['points'].split())
        numbers = {name: float(cells[name]) if cells[name] else None
                   for name in NUMBERS}
        return cls(
            cells['image'], int(cells['label']), cells['status'],
            cells['reason'], points=points, sha256=cells['sha256'],
            **numbers)


NUMBERS = ('probability', 'quality', 'area', 'iou')
COLUMNS = tuple(field.name for field in fields(LabelRow))


def _table(path: Path) -> GrowingTable:
    # before, nothing was known of an image's file
    return GrowingTable(path, COLUMNS, optional=('sha256', ))


def write_table(path: Path, rows: Iterable[LabelRow]) -> None:
    """Write all rows, in the order of the images' names."""
    _table(path).write(row.to_text().values() for row in sorted(
        rows, key=lambda row: row.image))


def append_row(path: Path, row: LabelRow) -> None:
    """Add a row to a table."""
    _table(path).append([row.to_text().values()])


def read_table(path: Path) -> dict[str, LabelRow]:
    """Read a table: image -> row.

    Raises:
        ValueError: If it is not such a table, or names an image twice.
    """
    rows = {}
    for line, cells in enumerate(_table(path).rows(), 2):  # one line a row
        try:
            row = LabelRow.from_text(cells)
            if row.image in rows:
                raise ValueError(f'{row.image} stands there twice')
        except ValueError as error:
            raise ValueError(f'{path}, line {line}: {error}') from error
        rows[row.image] = row
    return rows
