"""What a training has shown so far, and its table."""
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path

from mmseg_ext.basics import CsvWriter, write_atomically
from mmseg_ext.basics.csv_files import read_table

STEP, LOSS = 'iteration', 'loss'  # columns


@dataclass
class History:
    """The losses of a training and the results of its validations.

    Attributes:
        losses: Name -> (iterations, losses), one of each iteration.
        validations: Iteration -> name -> number.
    """
    losses: dict[str, tuple[Sequence[int], Sequence[float]]] = field(
        default_factory=dict)
    validations: dict[int, dict[str, float]] = field(default_factory=dict)

    def add(self, iteration: int, metrics: Mapping) -> None:
        """Take the numbers among a validation's metrics."""
        self.validations[iteration] = {
            name: float(value) for name, value in metrics.items()
            if isinstance(value, Real)}

    def series(self, name: str) -> tuple[list[int], list[float]]:
        """Return the validations that have a number, and the numbers."""
        found = {step: metrics[name]
                 for step, metrics in sorted(self.validations.items())
                 if not math.isnan(metrics.get(name, math.nan))}
        return list(found), list(found.values())

    def names(self) -> list[str]:
        """Return the names of all metrics, in the order of their coming."""
        return list(dict.fromkeys(
            name for metrics in self.validations.values()
            for name in metrics))

    def write(self, path: Path) -> None:
        """Write a line a validation: iteration, training loss, metrics.

        The training loss is the mean since the validation before.
        """
        names, text, before = self.names(), io.StringIO(newline=''), 0
        steps, losses = self.losses.get(LOSS, ((), ()))
        writer = CsvWriter(text)
        writer.writerow([STEP, LOSS, *names])
        for step, metrics in sorted(self.validations.items()):
            since = [loss for at, loss in zip(steps, losses)
                     if before < at <= step]
            mean = sum(since) / len(since) if since else math.nan
            writer.writerow([step, *map(_cell, (
                mean, *(metrics.get(name, math.nan) for name in names)))])
            before = step
        write_atomically(path, text.getvalue())

    def read(self, path: Path, end: int) -> None:
        """Take the validations of a table until an iteration.

        Raises:
            OSError: If it cannot be read.
            ValueError: If it is none of :meth:`write`.
        """
        for row in read_table(path):
            if not {STEP, LOSS} <= set(row):
                raise ValueError(f'{path} has no column {STEP} or {LOSS}')
            step = int(row.pop(STEP))
            row.pop(LOSS)
            if step <= end:
                self.validations[step] = {
                    name: float(cell) for name, cell in row.items() if cell}


def _cell(value: float) -> str:
    return '' if math.isnan(value) else f'{value:.6g}'
