"""How much of the gap between two rows of a suite the others close."""
from collections.abc import Hashable
from dataclasses import dataclass
from statistics import mean

from .suite import Suite
from .tables import Cell, Results, average

HEADING = 'gap closed (%)'


@dataclass(frozen=True)
class GapColumn:
    """A column of the main table, and what is to be said of it.

    Attributes:
        columns: Heading -> row -> cell; empty where there is none.
        notes: Sentences.
    """
    columns: dict[str, dict[str, Cell]]
    notes: list[str]


def gap_column(suite: Suite, results: Results) -> GapColumn:
    """Return (x - source) / (oracle - source) of each row, in per cent.

    x is of the suite's first column. The gap is the mean over the seeds that
    both rows have, each numerator of one seed: the mean of the quotients is
    the quotient of the means, and a seed with hardly any gap spoils nothing.

    Args:
        suite: With or without a gap.
        results: Of its runs.
    """
    if suite.gap is None:
        return GapColumn({}, [])
    column = suite.columns[0]
    values = {row.name: _values(results, row.name, column.key)
              for row in suite.rows}
    source, oracle = values[suite.gap.source], values[suite.gap.oracle]
    both = [key for key in source if key in oracle]
    titles = [suite.row(name).title
              for name in (suite.gap.source, suite.gap.oracle)]
    if not both:
        return GapColumn({}, [f'No gap closed without a run of {titles[0]} '
                              f'and one of {titles[1]} of the same seed.'])
    sign = 1 if column.better == 'higher' else -1
    gap = mean(sign * (oracle[key] - source[key]) for key in both)
    if gap <= 0:
        return GapColumn({}, [f'There is no gap to close: {titles[0]} is as '
                              f'good as {titles[1]}.'])
    cells = {name: average(
        [100 * sign * (found[key] - source[key]) / gap for key in found
         if key in source], 0, suite.num_runs)
        for name, found in values.items()
        if name not in (suite.gap.source, suite.gap.oracle)}
    return GapColumn({HEADING: cells}, [
        f'Gap closed: {column.title} of the model minus that of {titles[0]} '
        f'of the same seed, in per cent of the mean gap, {gap:.1f}'
        f'{" " * bool(column.unit)}{column.unit}, to {titles[1]}.'])


def _values(results: Results, row: str, key: str) -> dict[Hashable, float]:
    return {run: found['metrics'][key]
            for run, found in results.get(row, {}).items()
            if key in found['metrics']}
