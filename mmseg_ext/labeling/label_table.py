"""The table of labels: what became of every image, and why."""
import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Optional

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.text_files import read_text

from .points import Point

TABLE = 'labels.csv'
ACCEPTED, REVIEW, CORRECTED, CLEAN = STATUSES = (
    'accepted', 'review', 'corrected', 'clean')


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
            ValueError: If a cell is missing or not what it must be.
        """
        if None in cells or None in cells.values():
            raise ValueError('it has too many or too few cells')
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
            cells['reason'], points=points, **numbers)


NUMBERS = ('probability', 'quality', 'area', 'iou')
COLUMNS = tuple(field.name for field in fields(LabelRow))


def write_table(path: Path, rows: Iterable[LabelRow]) -> None:
    """Write all rows, in the order of the images' names."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator='\n')
    table.writeheader()
    for row in sorted(rows, key=lambda row: row.image):
        table.writerow(row.to_text())
    write_atomically(path, text.getvalue())


def append_row(path: Path, row: LabelRow) -> None:
    """Add a row to a table."""
    with open(path, 'a', encoding='utf-8', newline='') as file:
        csv.DictWriter(file, COLUMNS, lineterminator='\n').writerow(
            row.to_text())


def read_table(path: Path) -> dict[str, LabelRow]:
    """Read a table: image -> row.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not such a table.
    """
    # A line that does not end was being written when the process was.
    text = read_text(path).replace('\r\n', '\n')
    whole, _, _ = text.rpartition('\n')
    table = csv.DictReader(io.StringIO(whole))
    if set(table.fieldnames or ()) != set(COLUMNS):
        raise ValueError(f'{path} must have the columns {",".join(COLUMNS)};'
                         f' its first line is '
                         f'{",".join(table.fieldnames or ())!r}')
    rows = {}
    for cells in table:
        try:
            row = LabelRow.from_text(cells)
        except ValueError as error:
            raise ValueError(
                f'{path}, line {table.line_num}: {error}') from error
        rows[row.image] = row
    return rows
