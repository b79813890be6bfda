"""The table of phase labels: how undecided the model was, what came of it."""
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Optional

from mmseg_ext.basics.csv_files import GrowingTable

from .label_table import ACCEPTED, CORRECTED, REVIEW, TABLE

WAITING, LEFT_OUT = 'waiting', 'left out'
STATUSES = (WAITING, REVIEW, ACCEPTED, CORRECTED, LEFT_OUT)
__all__ = ['ACCEPTED', 'CORRECTED', 'LEFT_OUT', 'REVIEW', 'TABLE', 'WAITING',
           'PhaseRow', 'phase_table', 'read_rows', 'write_rows']


@dataclass
class PhaseRow:
    """One image.

    Attributes:
        image: Name, its path without suffix below the folder of images.
        status: 'waiting'; 'review': labelme's file waits for a person;
            'corrected' or 'accepted' by one; 'left out'.
        uncertainty: Mean entropy of its pixels, 0 to 1; None: left out.
        near_duplicate_of: Image before it that is nearly the same; '': none.
        base_phase: What no polygon covers; '': there are none yet.
        changed_percent: Pixels that a person changed; None: nobody looked.
        reason: Why it is left out.
        exported: Digest of what the polygons drew when they were written.
        sha256: Of the image's file.
    """
    image: str
    status: str
    uncertainty: Optional[float] = None
    near_duplicate_of: str = ''
    base_phase: str = ''
    changed_percent: Optional[float] = None
    reason: str = ''
    exported: str = ''
    sha256: str = ''

    @property
    def by_hand(self) -> bool:
        """Whether a person has decided on the mask."""
        return self.status in (ACCEPTED, CORRECTED)

    @property
    def is_exported(self) -> bool:
        """Whether labelme's file was written."""
        return self.by_hand or self.status == REVIEW

    @property
    def rank(self) -> tuple:
        """What sorts images: the most undecided first."""
        return (self.status == LEFT_OUT, self.near_duplicate_of != '',
                -(self.uncertainty or 0), self.image)


NUMBERS = ('uncertainty', 'changed_percent')
COLUMNS = tuple(field.name for field in fields(PhaseRow))


def phase_table(path: Path) -> GrowingTable:
    """Return the table as a file that survives an interruption."""
    return GrowingTable(path, COLUMNS)


def cells_of(row: PhaseRow) -> list[str]:
    """Return what stands in a line of the table."""
    cells = asdict(row)
    for name in NUMBERS:
        cells[name] = '' if cells[name] is None else f'{cells[name]:.6g}'
    return list(cells.values())


def write_rows(path: Path, rows: Iterable[PhaseRow]) -> None:
    """Write all rows, the most undecided image first."""
    phase_table(path).write(
        cells_of(row) for row in sorted(rows, key=lambda row: row.rank))


def read_rows(path: Path) -> dict[str, PhaseRow]:
    """Read the table: image -> row.

    Raises:
        ValueError: If it is no such table.
    """
    rows = {}
    for line, cells in enumerate(phase_table(path).rows(), 2):
        try:
            if cells['status'] not in STATUSES:
                raise ValueError(f'{cells["status"]!r} is none of '
                                 f'{", ".join(STATUSES)}')
            numbers = {name: float(cells[name]) if cells[name] else None
                       for name in NUMBERS}
        except ValueError as error:
            raise ValueError(f'{path}, line {line}: {error}') from error
        rows[cells['image']] = PhaseRow(**{**cells, **numbers})
    return rows
