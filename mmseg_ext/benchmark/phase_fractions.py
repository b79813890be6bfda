"""Phase fractions, true and predicted, as bars."""
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmseg_ext.basics.colours import line_colours

if TYPE_CHECKING:  # not above: every process of a benchmark would import it
    from matplotlib.figure import Figure

TRUE, PRED = 'TrueFraction.', 'PredFraction.'
GREY = '0.75'
COLOURS = line_colours((4, 0, 2, 6, 1, 5, 3))


def phase_fractions(
        runs: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """Collect what ClassRatioMetric has returned in several runs.

    Args:
        runs: Metrics of each run.

    Returns:
        Class -> (number of runs, 2) true and predicted percent; empty if
        the runs hold no phase fractions.
    """
    if not runs:
        return {}
    classes = [key[len(TRUE):] for key in runs[0] if key.startswith(TRUE)]
    return {
        name: np.array([[run[TRUE + name], run[PRED + name]] for run in runs])
        for name in classes
    }


def draw_phase_fractions(
        models: Mapping[str, Mapping[str, np.ndarray]]) -> 'Figure':
    """Draw the true fraction of each class and every model's beside it.

    A bar is the mean over images and runs. Its line is the standard
    deviation over runs: how far another training may land from this one.

    Args:
        models: Title -> what :func:`phase_fractions` returns; all with the
            same classes, and at least one.
    """
    from matplotlib.figure import Figure

    classes = [*next(iter(models.values()))]
    places = np.arange(len(classes))
    width = 0.8 / (len(models) + 1)
    # inches; room for every bar, and for the legend at the side
    figure = Figure(
        figsize=(2.5 + len(classes) * (0.5 + 0.22 * (len(models) + 1)), 3.2),
        layout='constrained')
    axes = figure.add_subplot()
    fractions = next(iter(models.values()))
    truth = [fractions[name][:, 0].mean() for name in classes]
    axes.bar(places - 0.4 + width / 2, truth, width, color=GREY, label='truth')
    for i, (title, fractions) in enumerate(models.items(), 1):
        pred = [fractions[name][:, 1] for name in classes]
        several = len(pred[0]) > 1
        axes.bar(
            places - 0.4 + width * (i + 0.5),
            [values.mean() for values in pred],
            width,
            yerr=[values.std(ddof=1) for values in pred] if several else None,
            capsize=2,
            color=COLOURS[(i - 1) % len(COLOURS)],
            hatch='//' * ((i - 1) // len(COLOURS)),
            label=title)
    axes.set_xticks(places, classes)
    axes.set_ylabel('phase fraction (%)\nmean ± std over runs')
    axes.set_ylim(bottom=0)
    axes.spines[['top', 'right']].set_visible(False)
    figure.legend(loc='outside right upper', frameon=False)
    return figure


def write_phase_fractions(
        path: Path, models: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Write the drawing; the suffix is the format."""
    draw_phase_fractions(models).savefig(path, dpi=200)
