"""CSV that spreadsheets show, and do not run."""
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Optional

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
              name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table, column -> cell.

    Args:
        lines: Of the file.
        columns: That it must have; None: any.
        name: Of the file, for errors.

    Raises:
        ValueError: If it has other columns, or a line other cells.
    """
    reader = csv.reader(lines)
    try:
        heads = tuple(next(reader, ()))
        if columns is not None and heads != tuple(columns):
            raise ValueError(
                f'{name} must have the columns {",".join(columns)}; its '
                f'first line is {",".join(heads)!r}')
        for cells in reader:
            if len(cells) != len(heads):
                raise ValueError(
                    f'{name}, line {reader.line_num}: it has {len(cells)} '
                    f'cells in place of {len(heads)}')
            yield dict(zip(heads, map(read_cell, cells)))
    except UnicodeDecodeError as error:
        raise ValueError(f'{name} is not UTF-8 text: {error}') from error
    except csv.Error as error:
        raise ValueError(f'{name}, line {reader.line_num}: {error}'
                         ) from error


def _write_cell(text: str) -> str:
    text = printable(text)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
