"""The rows of a suite against each other, on the images held out of folds."""
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmseg_ext.basics.console import count_progress
from mmseg_ext.basics.printable import counted

from .comparison import (
    MEAN,
    PICTURE,
    Comparison,
    check_models,
    compare_models,
    write_p,
    write_picture,
)
from .cross_validation import Measured, Summary
from .suite_folds import FoldedRows
from .tables import Cell, Results, Table

METHOD = (
    'Pooled: of all images together, each predicted by a model that has not '
    'seen it; in brackets the 95 % interval, a BCa bootstrap over images or '
    'groups. Difference: of the mIoU of an image from that of the row named, '
    'seeds averaged, mean over images or groups with its 95 % interval. p: '
    'Wilcoxon signed-rank test, two-sided, adjusted for all pairs of the '
    'suite by Holm; not for the classes.')


@dataclass(frozen=True)
class PairedRows:
    """What :func:`pair_rows` has found.

    Attributes:
        measured: Title of a row -> its out-of-fold predictions; of rows that
            have one of every image.
        summaries: Title -> their numbers.
        comparisons: Of rows and what each is compared with.
        against: Row -> title of the other one.
        notes: Why rows are left out.
    """
    measured: Mapping[str, Measured]
    summaries: Mapping[str, Summary]
    comparisons: list[Comparison]
    against: Mapping[str, str]
    notes: list[str]

    def columns(self, rows: Mapping[str, str]) -> dict[str, dict[str, Cell]]:
        """Return heading -> row -> cell, for the table of all numbers.

        Args:
            rows: Name of a row -> title.
        """
        means = {pair.model: pair for pair in self.comparisons
                 if pair.measure == MEAN}
        pooled, others, differences, p_values = {}, {}, {}, {}
        for name, title in rows.items():
            if title in self.summaries:
                found = self.summaries[title]
                pooled[name] = Cell(found.iou[-1], 1,
                                    interval=found.intervals[-1][:2])
            if title in means:
                others[name] = self.against[name]
                differences[name] = _difference(means[title])
                p = means[title].p_holm
                p_values[name] = Cell(p, 3, shown=write_p(p))
        columns = {'pooled mIoU (%)': pooled}
        for other in dict.fromkeys(others.values()):
            columns[f'mIoU, difference from {other} (%p)'] = {
                name: cell for name, cell in differences.items()
                if others[name] == other}
        return {**columns, 'p (Holm)': p_values} if p_values else columns

    def table(self) -> Table:
        """Return the differences of every class."""
        rows: dict[str, list[Cell]] = {}
        measures = dict.fromkeys(pair.measure for pair in self.comparisons)
        for pair in self.comparisons:
            rows.setdefault(f'{pair.model} - {pair.against}',
                            []).append(_difference(pair))
        return Table('paired', 'Paired differences by image', 'models',
                     [f'{measure} (%p)' for measure in measures], rows)

    def sentences(self) -> list[str]:
        """Say what comes out, a sentence for each pair."""
        return [pair.sentence() for pair in self.comparisons
                if pair.measure == MEAN]

    def draw(self, folder: Path) -> list[Path]:
        """Write a picture of the differences, if there are any."""
        if not self.comparisons:
            return []
        return [write_picture(folder / PICTURE, self.comparisons)]


def pair_rows(folded: FoldedRows, results: Results) -> PairedRows:
    """Compare every row of a suite with that which it names.

    Args:
        folded: Its folds.
        results: Of its runs, of which some are finished.

    Raises:
        ValueError: If a prediction does not fit its image, or the masks were
            changed in between.
    """
    measured, summaries = {}, {}
    images = len(folded.folds.images)
    notes = [f'{counted(images, "image")}, in '
             f'{len({*folded.folds.groups.values()})} '
             'groups that stay together in a fold.', *folded.notes]
    suite = folded.suite
    for row in suite.rows:
        if not results[row.name] or row.name not in folded.pools:
            continue
        found, summary = folded.measured(
            row, count_progress(f'images of {row.name} measured'))
        left = found.notes[len(folded.notes):]
        if folded.whole(found):
            measured[row.title], summaries[row.title] = found, summary
            notes += [f'{row.title}: {note}' for note in left]
        else:
            notes.append(f'{row.title} is not compared: not every fold is '
                         'finished.')
    if not measured:
        return PairedRows({}, {}, [], {}, notes)
    check_models(measured)
    against = {row.name: suite.row(row.against).title for row in suite.rows
               if row.against is not None}
    pairs = [(row.title, against[row.name]) for row in suite.rows
             if row.name in against
             and {row.title, against[row.name]} <= {*measured}]
    return PairedRows(measured, summaries, compare_models(measured, pairs),
                      against, notes)


def _difference(pair: Comparison) -> Cell:
    found = pair.difference
    low, high, _ = found.interval
    if found.mean != found.mean:  # no image has the class
        return Cell()
    return Cell(found.mean, 2, shown=f'{found.mean:+.2f}',
                interval=None if low != low else (low, high))
