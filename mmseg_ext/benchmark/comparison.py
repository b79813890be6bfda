"""Cross-validated models against each other, image by image."""
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import numpy as np

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.colours import BLUE
from mmseg_ext.basics.csv_files import GrowingTable, number
from mmseg_ext.basics.listing import name_some
from mmseg_ext.basics.out_of_fold import BOUNDARIES
from mmseg_ext.basics.png_files import write_figure
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.units import mean_units
from mmseg_ext.evaluation import (
    Interval,
    PairedDifference,
    holm,
    paired_difference,
)
from mmseg_ext.evaluation.paired import SURE

from .cross_validation import Measured
from .cross_validation.runs import RECORD

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEAN, BOUNDARY = 'mIoU', 'mBoundaryIoU'
PANELS = 4  # beside each other in the picture
COLUMNS = ('model', 'against', 'measure', 'difference', 'low', 'high',
           'interval', 'p', 'p_holm', 'units', 'better', 'worse')
OF_SUITE = '/'  # between a suite and its row
TABLE, TEXT, PICTURE = 'comparison.csv', 'comparison.md', 'comparison.png'


@dataclass(frozen=True)
class Comparison:
    """A pair of models and one measure.

    Attributes:
        model: Title of one model.
        against: Title of the one that it is compared with.
        measure: 'mIoU', 'IoU.<class>' or 'mBoundaryIoU'.
        difference: Of the model minus the other, percentage points.
        p_holm: p value, adjusted for all pairs of models.
    """
    model: str
    against: str
    measure: str
    difference: PairedDifference
    p_holm: float

    def sentence(self) -> str:
        """Say what comes out."""
        found = self.difference
        low, high, _ = found.interval
        pair = f'{self.model} against {self.against}'
        numbers = (f'{found.mean:+.2f} points of {self.measure} (95 % '
                   f'interval {low:+.2f} to {high:+.2f}; better in '
                   f'{found.better} of {found.number}, p '
                   f'{write_p(self.p_holm, "= ")})')
        if self.p_holm <= SURE and low * high > 0:
            word = 'better' if found.mean > 0 else 'worse'
            return f'{pair}: {word}, {numbers}.'
        if self.p_holm > SURE and low * high <= 0:
            return (f'{pair}: no difference shown, {numbers}. It may be '
                    'anywhere in the interval.')
        return (f'{pair}: undecided, {numbers}. Interval and test do not '
                'agree: more images or seeds are needed.')


def read_models(folders: Mapping[str, Path]) -> dict[str, Measured]:
    """Read cross-validations, and refuse those that do not pair up.

    Args:
        folders: Title -> folder that cross_validate has filled, or that of
            a suite with folds, which stands for all of its rows that have a
            report. These are titled by their names, of several folders by
            ``<title>/<row>``.

    Raises:
        FileNotFoundError: If a folder holds none.
        ValueError: If there are fewer than two, or they are of different
            images, ground truth, classes, folds or groups.
    """
    found = {}
    for title, folder in folders.items():
        rows = [] if (folder / RECORD).is_file() else sorted(
            path.parent for path in folder.glob(f'*/{RECORD}'))
        prefix = f'{title}{OF_SUITE}' if len(folders) > 1 else ''
        found.update({prefix + row.name: row for row in rows}
                     or {title: folder})
    if len(found) < 2:
        raise ValueError(f'{", ".join(found)} is no suite with folds but one '
                         'model: name two models or more')
    models = {title: Measured.read(folder)
              for title, folder in found.items()}
    check_models(models)
    return models


def choose_pairs(models: Collection[str], reference: Optional[str] = None
                 ) -> list[tuple[str, str]]:
    """Return which models are compared, and with which.

    Every model with the reference; without one, rows of suites with each
    other only where they have the same name, if any have, and all others
    with every model before.

    Args:
        models: Titles, see :func:`read_models`.
        reference: One of them.

    Raises:
        ValueError: If there is no such title.
    """
    if reference is not None:
        if reference not in models:
            raise ValueError(f'There is no model {reference}; there are '
                             f'{", ".join(models)}')
        return [(model, reference) for model in models if model != reference]
    pairs = [(model, against) for against, model in combinations(models, 2)]
    rows = [pair for pair in pairs if all(OF_SUITE in name for name in pair)]
    other = {pair for pair in rows
             if len({name.split(OF_SUITE)[-1] for name in pair}) > 1}
    # suites without a common row are compared all the same
    return ([pair for pair in pairs if pair not in other]
            if len(other) < len(rows) else pairs)


def check_models(models: Mapping[str, Measured]) -> None:
    """Refuse models that do not pair up, see :func:`read_models`.

    Raises:
        ValueError: If they do not.
    """
    (title, first), *others = models.items()
    for other, found in others:
        pair = f'{title} and {other} cannot be compared: '
        if found.classes != first.classes:
            raise ValueError(f'{pair}the classes of one are '
                             f'{", ".join(first.classes)}, of the other '
                             f'{", ".join(found.classes)}')
        single = sorted({*first.names} ^ {*found.names})
        if single:
            raise ValueError(
                f'{pair}{counted(len(single), "image is", "images are")} '
                'in one of them alone, such '
                f'as {name_some(single)}. Cross-validate both on the same '
                'images, and let every fold finish.')
        _check_same(pair, 'fold', first.names, first.folds, found.folds,
                    'Copy the lists in folds of one to the other\'s folder '
                    'before its first run')
        _check_same(pair, 'group', first.names, first.groups, found.groups,
                    'Give both the same --groups')
        truths = (first.confusion[:, 0].sum(-1), found.confusion[:, 0].sum(-1))
        _check_same(pair, 'number of true pixels', first.names,
                    *(list(map(tuple, truth)) for truth in truths),
                    'The masks were changed in between: run the older one '
                    'again')


def _check_same(pair: str, what: str, names, one, other, advice: str) -> None:
    differing = [name for name, a, b in zip(names, one, other) if a != b]
    if differing:
        raise ValueError(
            f'{pair}{counted(len(differing), "image has", "images have")} '
            f'another {what}, such as '
            f'{name_some(differing)}. {advice}.')


def compare_models(models: Mapping[str, Measured],
                   pairs: Optional[Sequence[tuple[str, str]]] = None
                   ) -> list[Comparison]:
    """Compare models, two at a time.

    An image counts by its IoU, averaged over the seeds; images of a group
    are averaged first, so that each group counts once. The p values of a
    measure are adjusted for all pairs of models (Holm). Boundary IoU is
    compared where both of a pair have it.

    Args:
        models: Title -> what its folds got right.
        pairs: Titles of a model and of the one that it is compared with;
            None: see :func:`choose_pairs`.
    """
    if pairs is None:
        pairs = choose_pairs(models)
    first = next(iter(models.values()))
    of_images = {title: found.image_iou for title, found in models.items()}
    of_contours = {title: found.image_boundary_iou
                   for title, found in models.items()
                   if found.image_boundary_iou is not None}
    measures = [(MEAN, of_images, len(first.classes)), *(
        (f'IoU.{name}', of_images, i)
        for i, name in enumerate(first.classes)),
        (BOUNDARY, of_contours, len(first.classes))]
    comparisons = []
    for measure, values, column in measures:
        counted_once = {
            title: 100 * mean_units(each[:, column], first.groups)
            for title, each in values.items()}
        found = [Comparison(model, against, measure, paired_difference(
            counted_once[against], counted_once[model]), 1.0)
            for model, against in pairs if {model, against} <= {*values}]
        adjusted = holm([pair.difference.p for pair in found])
        comparisons += [replace(pair, p_holm=p)
                        for pair, p in zip(found, adjusted)]
    return comparisons


def write_comparison(out: Path, models: Mapping[str, Measured],
                     comparisons: list[Comparison]) -> str:
    """Write ``comparison.csv``, ``.md`` and ``.png``.

    Returns:
        The sentences and the table of the second.
    """
    out.mkdir(parents=True, exist_ok=True)
    GrowingTable(out / TABLE, COLUMNS).write(
        _row(pair) for pair in comparisons)
    text = _text(models, comparisons)
    write_atomically(out / TEXT, text)
    write_picture(out / PICTURE, comparisons)
    return text


def write_picture(path: Path, comparisons: list[Comparison]) -> Path:
    """Write :func:`draw_comparisons` to a file."""
    write_figure(path, draw_comparisons(comparisons))
    return path


def _row(pair: Comparison) -> tuple:
    found = pair.difference
    low, high, method = found.interval
    return (pair.model, pair.against, pair.measure,
            *(number(value, 4) for value in (found.mean, low, high)), method,
            number(found.p, 6), number(pair.p_holm, 6), found.number,
            found.better, found.worse)


def _text(models: Mapping[str, Measured],
          comparisons: list[Comparison]) -> str:
    first = next(iter(models.values()))
    units = len({*first.groups})
    what = 'images' if units == len(first.names) else (
        f'groups of {len(first.names)} images')
    lines = [
        f'{units} {what}; seeds '
        + '; '.join(f'{title}: {", ".join(map(str, found.seeds))}'
                    for title, found in models.items()), '',
        *(f'* {pair.sentence()}' for pair in comparisons
          if pair.measure == MEAN), *_without_boundaries(models), '',
        '| model | against | measure | difference (%p) | 95 % interval | '
        'better in | p (Holm) |', '|---|---|---|---:|---:|---:|---:|']
    for pair in comparisons:
        found = pair.difference
        lines.append(
            f'| {pair.model} | {pair.against} | {pair.measure} | '
            f'{found.mean:+.2f} | {_write_interval(found.interval)} | '
            f'{found.better} of {found.number} | {write_p(pair.p_holm)} |')
    lines += [
        '', 'Differences of the IoU of each image, seeds averaged; '
        f'{BOUNDARY}: of the regions near contours. Interval: '
        'BCa bootstrap over images or groups. p: Wilcoxon signed-rank test, '
        'two-sided, adjusted for the pairs of models by Holm; not for the '
        'classes.', '']
    return '\n'.join(lines)


def _without_boundaries(models: Mapping[str, Measured]) -> list[str]:
    without = [title for title, found in models.items()
               if found.boundaries is None]
    if not without:
        return []
    verb = 'has' if len(without) == 1 else 'have'
    return ['', f'Without {BOUNDARY} of {", ".join(without)}, which {verb} no '
            f'{BOUNDARIES}: tools/cross_validate.py with --report-only, or '
            'tools/benchmark.py with --tables-only, counts it from the '
            'masks.']


def _write_interval(interval: Interval) -> str:
    if np.isnan(interval.low):
        return '-'
    return f'{interval.low:+.2f} to {interval.high:+.2f}'


def write_p(p: float, equals: str = '') -> str:
    """Write a p value as it is printed."""
    return ('-' if np.isnan(p) else '< 0.001' if p < 0.001
            else f'{equals}{p:.3f}')


def draw_comparisons(comparisons: list[Comparison]) -> 'Figure':
    """Draw mean differences and their intervals, a panel a pair of models."""
    from matplotlib.figure import Figure

    from mmseg_ext.basics.fonts import readable_names

    pairs = list(dict.fromkeys((pair.model, pair.against)
                               for pair in comparisons))
    measures = list(dict.fromkeys(pair.measure for pair in comparisons))
    names, font = readable_names(measures)
    across = min(PANELS, len(pairs))
    down = math.ceil(len(pairs) / across)
    figure = Figure(
        figsize=(2.2 + 3.4 * across, down * (1.4 + 0.34 * len(measures))),
        dpi=150, layout='constrained')
    every = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes in every[len(pairs):]:
        axes.remove()
    for axes, (model, against) in zip(every, pairs):
        found = [pair for pair in comparisons
                 if (pair.model, pair.against) == (model, against)]
        axes.axvline(0, color='0.6', linewidth=0.9)
        for pair in found:
            place = measures.index(pair.measure)
            low, high, _ = pair.difference.interval
            mean = pair.difference.mean
            colour = BLUE if low * high > 0 else '0.35'
            axes.plot([low, high], [place] * 2, color=colour, linewidth=2,
                      solid_capstyle='butt')
            axes.plot(mean, place, 'o', color=colour, markersize=6)
        axes.set_title(f'{model}\nminus {against}', fontsize=9,
                       parse_math=False)
        axes.set_xlabel('IoU, percentage points')
        axes.spines[['top', 'right']].set_visible(False)
        axes.grid(axis='x', alpha=0.25, linewidth=0.6)
    every[0].set_yticks(range(len(names)), names, family=font,
                        parse_math=False)
    every[0].invert_yaxis()
    return figure
