"""Tables that grow line by line and survive an interruption."""
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mmseg_ext.basics import CsvWriter, read_rows, replaced_file


class Table:
    """A CSV file with a line for each of many things.

    Args:
        path: The file; need not exist yet.
        columns: Names of its columns.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.columns = tuple(columns)

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield the lines, column -> cell.

        Raises:
            ValueError: If the file has other columns, or is no such table.
        """
        if not self.path.exists():
            return
        with open(self.path, 'rb') as file:
            # a line that does not end was cut off by an interruption,
            # perhaps within a letter
            yield from read_rows(
                (line.decode() for line in file if line.endswith(b'\n')),
                self.columns, str(self.path))

    def append(self, rows: Iterable[Sequence]) -> None:
        """Add lines; the file must be there."""
        with open(self.path, 'a', encoding='utf-8', newline='') as file:
            CsvWriter(file).writerows(rows)

    def write(self, rows: Iterable[Sequence]) -> None:
        """Replace the file by these lines; they may be read from it."""
        with replaced_file(self.path) as new:
            file = io.TextIOWrapper(new, encoding='utf-8', newline='')
            writer = CsvWriter(file)
            writer.writerow(self.columns)
            writer.writerows(rows)
            file.detach()  # flushed, and left open

    def keep(self, wanted: Callable[[dict[str, str]], bool]) -> None:
        """Throw the other lines away."""
        self.write(row.values() for row in self.rows() if wanted(row))


def number(value: float, digits: int) -> str:
    """Write a number with so many digits after the point; nan as nothing."""
    return '' if value != value else f'{value:.{digits}f}'
