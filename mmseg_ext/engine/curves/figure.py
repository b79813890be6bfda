"""A training's curves as a figure."""
import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Optional

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmseg_ext.basics.colours import line_colours
from mmseg_ext.basics.fonts import readable_names

from .history import LOSS, History

DPI = 150
WIDTH = 7.5  # inches
# Of titles. Left to itself, matplotlib measures every tick to find it.
TOP = 1.0
POINTS = 60  # of a loss at most, each the mean of its iterations
# Okabe and Ito's colours without yellow, which is pale on white; the markers
# tell lines apart where colours do not.
COLOURS = line_colours((4, 5, 2, 6, 1, 0))
MARKERS = 'os^DvP'
BLACK, GREY = '#000000', '#b8b8b8'
SPREAD = 10  # from this ratio of losses on their axis is logarithmic
# Measures of each class -> their means. The first that was taken is drawn.
MEASURES = dict(IoU='mIoU', Dice='mDice', Fscore='mFscore', Acc='mAcc')
RATIO = 'ClassRatioError'


class _Line(NamedTuple):
    """A name, where, what, and how it is drawn."""
    name: str
    steps: Sequence[int]
    values: Sequence[float]
    style: dict


def draw_curves(history: History,
                classes: Sequence[str] = (),
                shown: Sequence[str] = ()) -> Figure:
    """Draw losses, a measure of each class and the class-ratio error.

    Of more than six classes the six whose last values are worst are drawn
    in colours, the others in grey.

    Args:
        history: Of the training.
        classes: Their names.
        shown: Metrics to draw where there is no measure of each class.

    Returns:
        A figure to save.
    """
    names, font = readable_names(classes)
    labels = dict(zip(classes, names))
    panels = [('losses', 'loss', _losses(history), _scale)]
    measure = next((name for name in MEASURES
                    if _has_classes(history, name, classes)), None)
    if measure is not None:
        panels.append((f'{measure} of each class, validation',
                       f'{measure} (%)',
                       _by_class(history, measure, MEASURES[measure], labels,
                                 largest=False),
                       partial(_mark_best, highest=True)))
    elif shown:
        panels.append(('validation', '', _plain(history, shown), None))
    if _has_classes(history, RATIO, classes):
        panels.append(('class-ratio error, validation',
                       'error (percentage points)',
                       _by_class(history, RATIO, RATIO, labels,
                                 largest=True),
                       partial(_mark_best, highest=False)))
    figure = Figure(figsize=(WIDTH, 2.7 * len(panels) + 0.4), dpi=DPI)
    all_axes = figure.subplots(len(panels), squeeze=False, sharex=True)[:, 0]
    for axes, (title, unit, lines, finish) in zip(all_axes, panels):
        _draw(axes, title, unit, lines, font)
        if finish is not None:
            finish(axes, lines)
    all_axes[-1].set_xlabel('iteration')
    all_axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    _make_room(figure)
    return figure


def _make_room(figure: Figure) -> None:
    """Leave margins for what stands around the axes, legends to the right.

    As matplotlib's constrained layout does, which measures every tick and
    draws the picture twice, at each validation.
    """
    legends = [axes.get_legend() for axes in figure.axes]
    widths = [legend.get_window_extent().width / DPI
              for legend in legends if legend is not None]
    right = min(max(widths, default=0) + 0.2, WIDTH / 2)
    height = figure.get_figheight()
    figure.subplots_adjust(
        left=0.75 / WIDTH, right=1 - right / WIDTH, bottom=0.55 / height,
        top=1 - 0.35 / height, hspace=0.18)


def _has_classes(history: History, measure: str,
                 classes: Sequence[str]) -> bool:
    names = set(history.names())
    return bool(classes) and all(
        f'{measure}.{label}' in names for label in classes)


def _losses(history: History) -> list[_Line]:
    """Return the losses of training and validation.

    The validation's is the decode head's: that of the training stands beside
    it, and the sum with the auxiliary heads' where there are some.
    """
    lines = []
    decoded = [values for name, values in history.losses.items()
               if name.startswith('decode.')]
    total = history.losses.get(LOSS)
    validated = history.series('val_loss')
    if decoded and total and len({len(steps) for steps, _ in decoded}) == 1:
        steps = decoded[0][0]
        values = np.sum([values for _, values in decoded], axis=0)
        several = len(total[1]) == len(values) and not np.allclose(
            total[1], values, equal_nan=True)
        if several and validated[0]:
            lines.append(_Line('training, all heads', *_smooth(*total), dict(
                color=GREY)))
            total = steps, values
    if total:
        lines.append(_Line('training', *_smooth(*total), dict(
            color=COLOURS[0])))
    if validated[0]:
        lines.append(_Line('validation', *validated, dict(
            color=COLOURS[1], marker=MARKERS[1], markersize=4)))
    return lines


def _smooth(steps: Sequence[int], values: Sequence[float]
            ) -> tuple[list[float], list[float]]:
    """Average neighbouring iterations, so that a line is no hedge."""
    count = max(1, math.ceil(len(values) / POINTS))
    parts = range(0, len(values), count)
    return ([float(np.mean(steps[i:i + count])) for i in parts],
            [float(np.mean(values[i:i + count])) for i in parts])


def _by_class(history: History, measure: str, mean: str,
              labels: dict[str, str], largest: bool) -> list[_Line]:
    """Return a line for each class, and their mean."""
    series = {name: history.series(f'{measure}.{label}')
              for label, name in labels.items()}
    chosen = list(series)
    if len(series) > len(COLOURS):
        chosen.sort(key=lambda name: _last(series[name], largest),
                    reverse=largest)
        chosen = chosen[:len(COLOURS)]
    others = [name for name in series if name not in chosen]
    lines = [_Line(f'{len(others)} more classes' if i == 0 else '_',
                   *series[name], dict(color=GREY, linewidth=0.8))
             for i, name in enumerate(others)]
    lines += [_Line(name, *series[name], dict(
        color=COLOURS[i], marker=MARKERS[i], markersize=4))
        for i, name in enumerate(chosen)]
    return [*lines, *_plain(history, [mean], BLACK)]


def _last(series: tuple[Sequence[int], Sequence[float]],
          largest: bool) -> float:
    """Return the last value, the best that there is if there is none."""
    best = -math.inf if largest else math.inf
    return series[1][-1] if series[1] else best


def _plain(history: History, names: Sequence[str],
           colour: Optional[str] = None) -> list[_Line]:
    return [_Line('mean' if colour else name, *history.series(name), dict(
        color=colour or COLOURS[i], marker='.' if colour else MARKERS[i],
        markersize=6 if colour else 4, linewidth=2))
        for i, name in enumerate(names[:len(COLOURS)])]


def _draw(axes: Axes, title: str, unit: str, lines: Sequence[_Line],
          font: Optional[Sequence[str]]) -> None:
    for name, steps, values, style in lines:
        axes.plot(steps, values, label=name,
                  **dict(dict(linewidth=1.4), **style))
    axes.set_title(title, fontsize=10, loc='left', y=TOP)
    axes.set_ylabel(unit)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[['top', 'right']].set_visible(False)
    if any(line.name != '_' for line in lines):
        legend = axes.legend(frameon=False, fontsize=8, loc='upper left',
                             bbox_to_anchor=(1.01, 1.0),
                             prop=dict(family=font, size=8))
        for text in legend.get_texts():
            text.set_parse_math(False)  # '$' is no formula in a name


def _scale(axes: Axes, lines: Sequence[_Line]) -> None:
    """Begin losses at 0, or show the small ones beside the large."""
    values = [value for line in lines for value in line.values
              if math.isfinite(value)]
    if not values or min(values) < 0:
        return
    if min(values) > 0 and max(values) > SPREAD * min(values):
        axes.set_yscale('log')
    else:
        _begin_at_0(axes)


def _begin_at_0(axes: Axes) -> None:
    # a line along the axis stays visible
    axes.set_ylim(bottom=-0.02 * axes.get_ylim()[1])


def _mark_best(axes: Axes, lines: Sequence[_Line], highest: bool) -> None:
    """Write the best value of the last line, the mean, where it is."""
    _begin_at_0(axes)
    if not lines or not len(lines[-1].values):
        return
    line = lines[-1]
    values = np.array(line.values)
    best = int(values.argmax() if highest else values.argmin())
    axes.plot(line.steps[best], values[best], marker='*', markersize=11,
              color=line.style['color'], linestyle='none', zorder=4,
              label='_', clip_on=False)
    axes.set_title(f'best {line.name} {values[best]:.2f} at '
                   f'{line.steps[best]}', fontsize=8, loc='right', y=TOP)
