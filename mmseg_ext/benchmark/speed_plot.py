"""Time and memory of several models as bars."""
from statistics import median
from typing import TYPE_CHECKING

from .measure import MEGABYTE
from .phase_fractions import COLOURS
from .speed import PASSES, SpeedRun, describe_setting

if TYPE_CHECKING:  # not above: every process of a benchmark would import it
    from matplotlib.figure import Figure


def draw_speed(run: SpeedRun) -> 'Figure':
    """Draw the models side by side, a group of bars for each setting.

    The line on a bar spans the rounds, from the fastest to the slowest.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    rows = {(row.variant.name, row.setting, row.kind): row
            for row in run.rows if row.seconds or row.activations is not None}
    kinds = [*dict.fromkeys(row.kind for row in run.rows)]
    settings = [*dict.fromkeys(row.setting for row in run.rows)]
    names = [*dict.fromkeys(name for name, _, _ in rows)]
    styles = {
        name: dict(
            color=COLOURS[i % len(COLOURS)], hatch='//' * (i // len(COLOURS)))
        for i, name in enumerate(names)
    }
    width = 0.8 / max(len(names), 1)
    # inches; room for every bar, and for the legend below
    panel = max(3, len(settings) * (0.4 + 0.25 * len(names)))
    figure = Figure(
        figsize=(2 * panel, 2.2 * len(kinds) + 0.3 + 0.2 * len(names)),
        layout='constrained')
    panels = figure.subplots(len(kinds), 2, squeeze=False)
    for (time_axes, memory_axes), kind in zip(panels, kinds):
        for i, name in enumerate(names):
            for j, setting in enumerate(settings):
                row = rows.get((name, setting, kind))
                if row is None:
                    continue
                place = j + width * (i - (len(names) - 1) / 2)
                if row.seconds:
                    times = [1000 * t for t in row.seconds]
                    middle = median(times)
                    time_axes.bar(
                        place, middle, width, capsize=2,
                        yerr=[[middle - min(times)], [max(times) - middle]],
                        **styles[name])
                if row.activations is not None:
                    memory_axes.bar(place, row.activations / MEGABYTE, width,
                                    **styles[name])
        time_axes.set_ylabel(f'{PASSES[kind]} (ms)')
        memory_axes.set_ylabel('activations (MB)')
        for axes in (time_axes, memory_axes):
            axes.set_xticks(
                range(len(settings)), [
                    describe_setting(setting).replace(', ', '\n')
                    for setting in settings
                ])
            axes.set_xlim(-0.5, len(settings) - 0.5)
            axes.spines[['top', 'right']].set_visible(False)
    if any(row.loaded for row in rows.values()):
        figure.suptitle('the machine was loaded: times are worth nothing',
                        color='red')
    figure.legend(
        [Patch(**style) for style in styles.values()], names,
        loc='outside lower left', frameon=False)
    return figure
