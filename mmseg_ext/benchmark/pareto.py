"""Accuracy of models against their time per image, and the Pareto front."""
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from mmseg_ext.basics.colours import BLUE, RED
from mmseg_ext.basics.pareto import undominated

from .labels import place_labels
from .suite import Column

if TYPE_CHECKING:  # not above: every process of a benchmark would import it
    from matplotlib.figure import Figure

FEWEST = 3  # models: between two a table says as much
STYLES = {False: dict(color=BLUE, marker='o'),
          True: dict(color=RED, marker='D')}
STARTS = {False: 'from random weights', True: 'pretrained'}
GREY = '0.55'


@dataclass(frozen=True)
class Point:
    """A model in the picture.

    Attributes:
        title: Its name.
        milliseconds: Time per image.
        accuracy: Mean over runs.
        spread: Standard deviation over runs; None for fewer than two.
        quartiles: Of the time.
        pretrained: Whether it starts from pretrained weights.
    """
    title: str
    milliseconds: float
    accuracy: float
    spread: Optional[float] = None
    quartiles: Optional[tuple[float, float]] = None
    pretrained: bool = False


def pareto_front(points: Sequence[Point],
                 better: str = 'higher') -> list[Point]:
    """Return the points that no other one beats in both numbers.

    A point is beaten by one that is as fast and better, or faster and as
    good. Of points with the same two numbers all are kept.

    Args:
        points: In any order.
        better: 'higher' or 'lower', of the accuracy.

    Returns:
        From the fastest to the slowest.
    """
    sign = 1 if better == 'higher' else -1
    front = [points[i] for i in undominated([
        (-point.milliseconds, sign * point.accuracy) for point in points])]
    return sorted(front, key=lambda point: point.milliseconds)


def draw_pareto(points: Sequence[Point], column: Column, title: str,
                machine: str = '') -> 'Figure':
    """Draw the models, the front as steps, and a name beside each point.

    Bars are the standard deviation over runs and the quartiles of the time.
    Points of the front are filled.

    Args:
        points: At least one.
        column: The accuracy.
        title: Of the picture.
        machine: Where the time was measured.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import LogLocator, NullFormatter

    figure = Figure(figsize=(8, 5.2), layout='constrained')
    FigureCanvasAgg(figure)  # measures the names
    axes = figure.add_subplot()
    axes.set_xscale('log')
    front = pareto_front(points, column.better)
    axes.plot([p.milliseconds for p in front], [p.accuracy for p in front],
              color=GREY, drawstyle='steps-post', linewidth=1.2, zorder=1)
    for point in points:
        style = STYLES[point.pretrained]
        low, high = point.quartiles or (point.milliseconds, ) * 2
        axes.errorbar(
            point.milliseconds, point.accuracy, yerr=point.spread,
            xerr=[[max(point.milliseconds - low, 0)],
                  [max(high - point.milliseconds, 0)]],
            linestyle='none', markersize=6.5, capsize=2, elinewidth=0.8,
            markerfacecolor=style['color'] if point in front else 'white',
            zorder=2, **style)
    axes.margins(x=0.12, y=0.12)
    axes.set_xlabel('time per image (ms, logarithmic)'
                    + f'\n{machine}' * bool(machine))
    axes.set_ylabel(f'{column.heading}\nmean ± standard deviation over runs')
    axes.set_title(title, loc='left', fontsize='medium')
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(color='0.93')
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter('{x:g}')
    axes.xaxis.set_minor_formatter(NullFormatter())
    starts = [*dict.fromkeys(point.pretrained for point in points)]
    figure.legend(
        [*(Line2D([], [], linestyle='none', markersize=6.5, **STYLES[start])
           for start in sorted(starts)),
         Line2D([], [], color=GREY, linewidth=1.2)],
        [*(STARTS[start] for start in sorted(starts)),
         'Pareto front (filled)'],
        loc='outside lower left', ncols=3, frameon=False)
    place_labels(
        axes, [(point.milliseconds, point.accuracy) for point in points],
        [point.title for point in points],
        [*_bars(points), *front_segments(front)])
    return figure


def _bars(points: Sequence[Point]) -> list[tuple[float, ...]]:
    bars = []
    for point in points:
        x, y, spread = point.milliseconds, point.accuracy, point.spread or 0
        low, high = point.quartiles or (x, x)
        bars += [(x, y - spread, x, y + spread), (low, y, high, y)]
    return bars


def front_segments(front: Sequence[Point]) -> list[tuple[float, ...]]:
    """Return the lines (x0, y0, x1, y1) of a front that is drawn as steps."""
    steps = []
    for one, other in pairwise(front):
        corner = other.milliseconds, one.accuracy
        steps += [(one.milliseconds, one.accuracy, *corner),
                  (*corner, other.milliseconds, other.accuracy)]
    return steps


def write_pareto(path: Path, *args, **kwargs) -> None:
    """Write what :func:`draw_pareto` draws; the suffix is the format."""
    draw_pareto(*args, **kwargs).savefig(path, dpi=200)
