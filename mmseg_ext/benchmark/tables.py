"""Numbers of a suite's runs as tables."""
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev
from typing import Optional

from .suite import Column, Suite

# row -> (seed, fold) -> what the run's worker has written
Results = Mapping[str, Mapping[Hashable, dict]]

PARAMETERS = Column('parameters', 'parameters', 'M', 3, 'lower')
GFLOPS = Column('flops', 'GFLOPs', '', 2, 'lower')
CIO = Column('cio', 'CIO', 'M', 2, 'lower')
TIME = Column('milliseconds', 'time per image', 'ms', 1, 'lower')
MEMORY = Column('memory', 'memory', 'MB', 0, 'lower')
COSTS = {PARAMETERS: 1e-6, GFLOPS: 1e-9, CIO: 1e-6, MEMORY: 2**-20,
         TIME: 1}
# left out where no model has them: not every system tells its memory
OPTIONAL = (MEMORY, )


@dataclass(frozen=True)
class Cell:
    """A number of a table.

    Attributes:
        value: The number, or the mean; None if there is none.
        digits: Decimals to print.
        spread: Standard deviation; None for fewer than two runs.
        runs: Runs that the mean is taken over; None if it is no mean.
        expected: Runs that there should be.
        best: Ahead of all others, see :func:`mark_best`.
        printed: How it was printed elsewhere, to be kept.
        quartiles: Lower and upper one, where the value is a median.
        interval: Ends of its 95 % interval, where that is known.
        shown: What is printed in place of the number, but in CSV files.
    """
    value: Optional[float] = None
    digits: int = 0
    spread: Optional[float] = None
    runs: Optional[int] = None
    expected: Optional[int] = None
    best: bool = False
    printed: Optional[str] = None
    quartiles: Optional[tuple[float, float]] = None
    interval: Optional[tuple[float, float]] = None
    shown: Optional[str] = None


@dataclass(frozen=True)
class Table:
    """Rows of cells under headings; ``name`` becomes a file's."""
    name: str
    title: str
    corner: str
    headings: list[str]
    rows: dict[str, list[Cell]]


def average(values: Sequence[float], digits: int, expected: int) -> Cell:
    """Mean and standard deviation (n - 1) over runs; nan does not count."""
    defined = [value for value in values if not math.isnan(value)]
    return Cell(
        mean(defined) if defined else None, digits,
        stdev(defined) if len(defined) > 1 else None, len(defined), expected)


def mark_best(cells: Sequence[Cell], better: str) -> list[Cell]:
    """Mark the best cell, if its spread and no other's overlap.

    mean +- standard deviation has to lie beyond that of every other cell
    with a number, and each of them needs two runs for a spread.
    """
    sign = 1 if better == 'higher' else -1
    known = [cell for cell in cells if cell.value is not None]
    if len(known) < 2 or any(cell.spread is None for cell in known):
        return [*cells]
    best = max(known, key=lambda cell: sign * cell.value)
    ahead = all(
        sign * best.value - best.spread > sign * cell.value + cell.spread
        for cell in known if cell is not best)
    return [replace(cell, best=ahead and cell is best) for cell in cells]


def _numbers(results: Results, row: str, key: str) -> list[float]:
    return [run['metrics'][key] for run in results.get(row, {}).values()
            if key in run['metrics']]


def _check_column(results: Results, row: str, key: str) -> None:
    for run in results.get(row, {}).values():
        if key not in run['metrics']:
            raise ValueError(
                f'The test of {row} has no number {key!r}; it has '
                f'{", ".join(run["metrics"])}. Change the suite\'s columns; '
                'no run has to be repeated for it')


def main_table(suite: Suite, results: Results, costs: Mapping[str, dict],
               paired: Optional[Mapping[str, Mapping[str, Cell]]] = None
               ) -> Table:
    """Models by numbers: accuracy, and costs of an image.

    Args:
        suite: Whose rows they are.
        results: Of its runs.
        costs: Row -> what an image costs it.
        paired: Heading -> row -> cell, of comparisons between rows.
    """
    columns = {}
    published = suite.published
    for column in suite.columns:
        for row in suite.rows:
            _check_column(results, row.name, column.key)
        columns[column.heading] = mark_best([
            average(_numbers(results, row.name, column.key), column.digits,
                    suite.num_runs) for row in suite.rows
        ], column.better)
        if published is None or not published.comparable:
            continue
        there = [published.values.get(row.name, {}).get(column.key)
                 for row in suite.rows]
        if any(there):
            heading = f'{column.title}, published'
            columns[heading] = [_printed(number) for number in there]
    for heading, cells in (paired or {}).items():
        columns[heading] = [cells.get(row.name, Cell()) for row in suite.rows]
    for column in _cost_columns(suite, costs):
        columns[column.heading] = [
            _cost_cell(costs.get(row.name, {}), column) for row in suite.rows]
    return Table(
        'table', suite.title, 'model', [*columns],
        {row.title: [cells[i] for cells in columns.values()]
         for i, row in enumerate(suite.rows)})


def _cost_columns(suite: Suite,
                  costs: Mapping[str, dict]) -> list[Column]:
    return [
        column for column in COSTS if column not in OPTIONAL or any(
            costs.get(row.name, {}).get(column.key) is not None
            for row in suite.rows)
    ]


def _cost_cell(cost: Mapping, column: Column) -> Cell:
    value = cost.get(column.key)
    if value is None:
        return Cell()
    quartiles = cost.get('quartiles') if column is TIME else None
    return Cell(COSTS[column] * value, column.digits,
                quartiles=quartiles and tuple(quartiles))


def group_tables(suite: Suite, results: Results) -> list[Table]:
    """Groups by models, a table for each of the suite's group columns."""
    if suite.groups is None:
        return []
    tables = []
    mean_name = f'{suite.groups.key}_mean'
    for column in suite.groups.columns:
        ending = f'.{column.key}'
        groups = {
            key[:-len(ending)]
            for row in results.values() for run in row.values()
            for key in run['metrics'] if key.endswith(ending)
        }
        rows = {}
        for group in [*sorted(groups - {mean_name}), mean_name]:
            cells = [
                average(_numbers(results, row.name, group + ending),
                        column.digits, suite.num_runs)
                for row in suite.rows
            ]
            rows[group] = mark_best(cells, column.better)
        tables.append(
            Table(f'groups_{column.key}', f'{column.heading} by '
                  f'{suite.groups.key}', suite.groups.key,
                  [row.title for row in suite.rows], rows))
    return tables


def published_tables(suite: Suite) -> list[Table]:
    """Numbers from elsewhere that do not compare with ours."""
    published = suite.published
    if published is None or published.comparable:
        return []
    title = f'Published: {published.source}'
    tables = []
    if published.values:
        columns = [
            column for column in suite.columns
            if any(column.key in row for row in published.values.values())
        ]
        tables.append(
            Table(
                'published', title, 'model',
                [column.heading for column in columns], {
                    published.titles[name]:
                    [_printed(row.get(column.key)) for column in columns]
                    for name, row in published.values.items()
                }))
    if published.groups:
        names = [name for name in published.titles if any(
            name in row for row in published.groups.values())]
        tables.append(
            Table(
                'published_groups', title, suite.groups.key,
                [published.titles[name] for name in names], {
                    group: [_printed(row.get(name)) for name in names]
                    for group, row in published.groups.items()
                }))
    return tables


def _printed(number: Optional[str]) -> Cell:
    if number is None:
        return Cell()
    return Cell(float(number), printed=number)
