"""The trials of a search: the objective against the time of an image."""
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmseg_ext.basics.colours import BLUE, RED
from mmseg_ext.benchmark.labels import place_labels
from mmseg_ext.benchmark.pareto import Point, front_segments, pareto_front

from .records import PRUNED, Record, ranked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GREY = '0.55'
SIZE = 42  # square points of a marker as large as the base


def draw_trials(records: Sequence[Record], objective: str,
                title: str) -> 'Figure':
    """Draw the finished trials, the front as steps, the best by name.

    A marker's area is the number of parameters, the base is a diamond, and
    what is on the front of time and objective is filled. Trials that were
    pruned have no place and are counted.

    Args:
        records: At least one of them finished.
        objective: Its name.
        title: Of the picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    figure = Figure(figsize=(8, 5.2), layout='constrained')
    FigureCanvasAgg(figure)  # measures the names
    axes = figure.add_subplot()
    shown = ranked(records)
    points = {record.number: Point(str(record.number), record.latency,
                                   record.accuracy) for record in shown}
    steps = pareto_front([*points.values()])
    axes.plot([p.milliseconds for p in steps], [p.accuracy for p in steps],
              color=GREY, drawstyle='steps-post', linewidth=1.2, zorder=1)
    for record in shown:
        colour = RED if record.number == 0 else BLUE
        axes.scatter(
            record.latency, record.accuracy, s=SIZE * record.parameters,
            marker='D' if record.number == 0 else 'o', edgecolor=colour,
            facecolor=colour if points[record.number] in steps else 'white',
            zorder=3 if record.number == 0 else 2)
    axes.margins(x=0.12, y=0.12)
    axes.set_xlabel('time of an image, over the base\'s')
    axes.set_ylabel(f'{objective} of the validation (%), mean over seeds')
    axes.set_title(title, loc='left', fontsize='medium')
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(color='0.93')
    axes.set_axisbelow(True)
    pruned = sum(record.state == PRUNED for record in records)
    plain = dict(linestyle='none', markersize=6.5)
    handles = [(Line2D([], [], marker='D', color=RED, **plain), 'base'),
               (Line2D([], [], marker='o', color=BLUE, **plain),
                'trial; area: parameters'),
               (Line2D([], [], color=GREY, linewidth=1.2),
                'front (filled)' + f'; {pruned} pruned trials are not shown'
                * bool(pruned))]
    figure.legend(*zip(*handles), loc='outside lower left', ncols=3,
                  frameon=False)
    named = {shown[0].number: f'{shown[0].number}, best score'}
    named = {**{int(p.title): p.title for p in steps},
             **({0: 'base'} if 0 in points else {}), **named}
    if shown[0].number == 0:
        named[0] = 'base, best score'
    place_labels(
        axes, [(p.milliseconds, p.accuracy) for p in points.values()],
        [named.get(number, '') for number in points], front_segments(steps))
    return figure


def write_trials(path: Path, *args) -> None:
    """Write what :func:`draw_trials` draws; the suffix is the format."""
    draw_trials(*args).savefig(path, dpi=200)
