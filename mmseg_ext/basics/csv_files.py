"""CSV that spreadsheets show, and do not run."""
import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Optional

from .files import replaced_file
from .printable import printable

# A spreadsheet takes these for the beginning of a formula, Japanese ones the
# wide forms too. The apostrophes are those of texts that begin so anyway.
_FORMULA = re.compile(r"'*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_QUOTED = re.compile(r"'+[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r'[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?')


class CsvWriter:
    """Writes lines of cells, with ``\\n`` after each.

    A text that begins with ``=``, ``+``, ``-`` or ``@`` and is no number
    gets an apostrophe before it, as spreadsheets mark text, since they would
    run it as a formula; file and class names come from others. Control
    characters are written as their numbers. :func:`read_cell` takes the
    apostrophe off.

    Args:
        file: To write to, opened with ``newline=''``.
    """

    def __init__(self, file: IO[str]) -> None:
        self._writer = csv.writer(file, lineterminator='\n')

    def writerow(self, cells: Iterable[Any]) -> None:
        self._writer.writerow(
            [_write_cell(cell) if isinstance(cell, str) else cell
             for cell in cells])

    def writerows(self, rows: Iterable[Iterable[Any]]) -> None:
        for row in rows:
            self.writerow(row)


class GrowingTable:
    """A CSV file that grows line by line and survives an interruption.

    Args:
        path: The file; need not exist yet.
        columns: Names of its columns. A person's spreadsheet may put them
            into another order.
        optional: Those of them that files of earlier versions lack; their
            cells are '' then.
    """

    def __init__(self, path: Path, columns: Sequence[str],
                 optional: Sequence[str] = ()) -> None:
        self.path = path
        self.columns = tuple(columns)
        self._optional = tuple(optional)

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield the lines, column -> cell.

        Raises:
            ValueError: If the file has other columns, or is no such table.
        """
        if not self.path.exists():
            return
        with open(self.path, 'rb') as file:
            yield from read_rows(_whole_lines(file), self.columns,
                                 str(self.path), self._optional)

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


def _whole_lines(file: IO[bytes]) -> Iterator[str]:
    """Yield lines; one that does not end was cut off by an interruption."""
    for i, line in enumerate(file):
        if line.endswith(b'\n'):  # else cut off, perhaps within a letter
            yield (line if i else line.removeprefix(codecs.BOM_UTF8)).decode()


def read_cell(cell: str) -> str:
    """Return the text that :class:`CsvWriter` has written to a cell."""
    return cell[1:] if _QUOTED.match(cell) else cell


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file that :class:`CsvWriter` has written.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is no table.
    """
    with open(path, encoding='utf-8', newline='') as file:
        return list(read_rows(file, None, str(path)))


def read_rows(lines: Iterable[str], columns: Optional[Sequence[str]],
              name: str,
              optional: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Yield the rows of a table, column -> cell.

    Args:
        lines: Of the file.
        columns: That it must have, in any order; rows have them in this
            one. None: any.
        name: Of the file, for errors.
        optional: Columns that may be missing; their cells are '' then.

    Raises:
        ValueError: If it has other columns, or a line other cells.
    """
    reader = csv.reader(lines)
    try:
        heads = tuple(next(reader, ()))
        lost = {*(columns or ())} - {*heads}
        if columns is not None and (
                len({*heads}) < len(heads) or not {*heads} <= {*columns}
                or not lost <= {*optional}):
            raise ValueError(
                f'{name} must have the columns {",".join(columns)}; its '
                f'first line is {",".join(heads)!r}')
        for cells in reader:
            if len(cells) != len(heads):
                raise ValueError(
                    f'{name}, line {reader.line_num}: it has {len(cells)} '
                    f'cells in place of {len(heads)}')
            row = dict(zip(heads, map(read_cell, cells)))
            yield row if columns is None else {
                column: row.get(column, '') for column in columns}
    except UnicodeDecodeError as error:
        raise ValueError(f'{name} is not UTF-8 text: {error}') from error
    except csv.Error as error:
        raise ValueError(f'{name}, line {reader.line_num}: {error}'
                         ) from error


def number(value: float, digits: int) -> str:
    """Write a number with so many digits after the point; nan as nothing."""
    return '' if value != value else f'{value:.{digits}f}'


def _write_cell(text: str) -> str:
    text = printable(text)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
