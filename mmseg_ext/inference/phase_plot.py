"""Phase fractions as a figure."""
import textwrap
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from mmseg_ext.basics.fonts import readable_names

from .class_words import words_of
from .phase_uncertainty import PhaseUncertainty
from .phases import PhaseSummary

DPI = 150
LETTERS = 18  # of a note, to an inch


def draw_phases(fractions: np.ndarray, summaries: Sequence[PhaseSummary],
                palette: Sequence[Sequence[int]],
                uncertainties: Sequence[PhaseUncertainty] = ()) -> Figure:
    """Draw the mean fraction of each phase, its interval and every image.

    Args:
        fractions: (num_images, num_classes), 0 to 1.
        summaries: Of the phases, in the same order.
        palette: Colour of each phase, (red, green, blue), 0 to 255.
        uncertainties: By a validation, of the same phases: their fractions
            and intervals are drawn in place of the mean's.

    Returns:
        A figure to save.
    """
    words = words_of([phase.phase for phase in summaries])
    percent = 100 * np.asarray(fractions)
    num_images = len(percent)
    told = [(phase.mean_percent, *phase.interval) for phase in summaries]
    interval = 'mean, 95 % confidence'
    if uncertainties:
        told = [(row.fraction_percent, row.low_percent, row.high_percent)
                for row in uncertainties]
        interval = "95 % with the model's error"
    shown = words.shown(summaries)
    width = max(4.0, 1.6 + 1.1 * len(shown))
    figure = Figure(figsize=(width, 3.6), dpi=DPI, layout='constrained')
    axes = figure.add_subplot()
    # side by side, so that equal fractions can be told apart
    spread = np.linspace(-0.25, 0.25, num_images) if num_images > 1 else [0]
    for i, class_id in enumerate(shown):
        value, low, high = told[class_id]
        axes.bar(i, value, width=0.7, alpha=0.5, zorder=1,
                 color=np.array(palette[class_id]) / 255, edgecolor='black')
        axes.scatter(i + np.array(spread), percent[:, class_id], s=8,
                     zorder=2, color='black', alpha=0.6, linewidths=0,
                     clip_on=False,
                     label='an image' if i == 0 else None)
        if num_images > 1:
            axes.errorbar(i, value, [[value - low], [high - value]],
                          color='black', capsize=6, zorder=3,
                          label=interval if i == 0 else None)
    names, font = readable_names([summaries[i].phase for i in shown])
    # '$' is no formula in a name
    axes.set_xticks(range(len(names)), names, family=font,
                    parse_math=False, rotation=20 if len(names) > 4 else 0)
    axes.set_ylim(bottom=0)
    axes.set_ylabel('fraction of the image (%)')
    axes.set_title(f'{words.heading}, n = {num_images}')
    axes.spines[['top', 'right']].set_visible(False)
    # above: below the axes there may be notes, within them bars
    figure.legend(loc='outside upper center', ncols=2, frameon=False,
                  fontsize=8)
    rows = [replace((uncertainties or summaries)[i], phase=name)
            for i, name in zip(shown, names)]
    notes = words.limits(rows)
    if font is None:
        notes.append('Some names have letters that no font of this machine '
                     'has. The numbers count the lines of '
                     'phases_summary.csv.')
    if notes:
        figure.supxlabel(
            '\n'.join(line for note in notes for line in textwrap.wrap(
                note, int(LETTERS * width))),
            fontsize=7, ha='left', x=0.02, family=font, parse_math=False)
    return figure
