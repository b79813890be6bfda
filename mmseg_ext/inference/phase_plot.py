"""Phase fractions as a figure."""
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .phases import PhaseSummary

DPI = 150


def draw_phases(fractions: np.ndarray, summaries: Sequence[PhaseSummary],
                palette: Sequence[Sequence[int]]) -> Figure:
    """Draw the mean fraction of each phase, its interval and every image.

    Args:
        fractions: (num_images, num_classes), 0 to 1.
        summaries: Of the phases, in the same order.
        palette: Colour of each phase, (red, green, blue), 0 to 255.

    Returns:
        A figure to save.
    """
    percent = 100 * np.asarray(fractions)
    num_images = len(percent)
    figure = Figure(
        figsize=(max(4.0, 1.6 + 1.1 * len(summaries)), 3.6), dpi=DPI,
        layout='constrained')
    axes = figure.add_subplot()
    # side by side, so that equal fractions can be told apart
    spread = np.linspace(-0.25, 0.25, num_images) if num_images > 1 else [0]
    for i, (phase, colour) in enumerate(zip(summaries, palette)):
        axes.bar(i, phase.mean_percent, width=0.7, alpha=0.5, zorder=1,
                 color=np.array(colour) / 255, edgecolor='black')
        axes.scatter(i + np.array(spread), percent[:, i], s=8, zorder=2,
                     color='black', alpha=0.6, linewidths=0,
                     label='an image' if i == 0 else None)
        if num_images > 1:
            axes.errorbar(i, phase.mean_percent, phase.ci95_percent,
                          color='black', capsize=6, zorder=3,
                          label='mean, 95 % confidence' if i == 0 else None)
    axes.set_xticks(range(len(summaries)),
                    [phase.phase for phase in summaries],
                    rotation=20 if len(summaries) > 4 else 0)
    axes.set_ylim(bottom=0)
    axes.set_ylabel('fraction of the image (%)')
    axes.set_title(f'Phase fractions, n = {num_images}')
    axes.spines[['top', 'right']].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return figure
