"""Tables that grow line by line and survive an interruption."""
import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path


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
            ValueError: If the file has other columns.
        """
        if not self.path.exists():
            return
        with open(self.path, encoding='utf-8', newline='') as file:
            # a line that does not end was cut off by an interruption
            reader = csv.DictReader(
                line for line in file if line.endswith('\n'))
            if tuple(reader.fieldnames or ()) != self.columns:
                raise ValueError(
                    f'{self.path} must have the columns '
                    f'{",".join(self.columns)}; its first line is '
                    f'{",".join(reader.fieldnames or ())!r}')
            yield from reader

    def append(self, rows: Iterable[Sequence]) -> None:
        """Add lines; the file must be there."""
        with open(self.path, 'a', encoding='utf-8', newline='') as file:
            csv.writer(file, lineterminator='\n').writerows(rows)

    def write(self, rows: Iterable[Sequence]) -> None:
        """Replace the file by these lines; they may be read from it."""
        new = self.path.with_name(f'{self.path.name}.new')
        with open(new, 'w', encoding='utf-8', newline='') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow(self.columns)
            writer.writerows(rows)
        os.replace(new, self.path)

    def keep(self, wanted: Callable[[dict[str, str]], bool]) -> None:
        """Throw the other lines away."""
        self.write(row.values() for row in self.rows() if wanted(row))


def number(value: float, digits: int) -> str:
    """Write a number with so many digits after the point; nan as nothing."""
    return '' if value != value else f'{value:.{digits}f}'
