"""Diameters of features as a figure."""
from collections.abc import Mapping, Sequence
from typing import Optional

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import (
    LogLocator,
    MaxNLocator,
    NullLocator,
    StrMethodFormatter,
)

from mmseg_ext.basics.fonts import readable_names

DIAMETERS = 'diameters.png'
DPI = 150
BINS = 24
LEAST = 10  # what the ends of the axis differ by, as a factor
TICKS = (1, 2, 5)  # of every power of ten


def draw_diameters(diameters: Mapping[str, Sequence[float]],
                   palette: Sequence[Sequence[int]]) -> Optional[Figure]:
    """Draw how the equivalent circle diameters of each phase distribute.

    Args:
        diameters: Phase -> diameters of its whole features in micrometres.
        palette: Colour of each phase, (red, green, blue), 0 to 255.

    Returns:
        A figure to save, a histogram a phase on a common logarithmic scale;
        None if there is no feature.
    """
    names, font = readable_names(list(diameters))
    shown = [(name, np.asarray(sizes, float), colour)
             for name, sizes, colour in zip(names, diameters.values(), palette)
             if len(sizes)]
    if not shown:
        return None
    every = np.concatenate([sizes for _, sizes, _ in shown])
    low, high = every.min() / 1.05, every.max() * 1.05
    wider = max(1.0, LEAST * low / high)**0.5
    low, high = low / wider, high * wider
    bins = np.geomspace(low, high, BINS + 1)
    figure = Figure(figsize=(6.0, 0.9 + 1.3 * len(shown)), dpi=DPI,
                    layout='constrained')
    rows = figure.subplots(len(shown), sharex=True, squeeze=False)[:, 0]
    for axes, (name, sizes, colour) in zip(rows, shown):
        axes.hist(sizes, bins, color=np.array(colour) / 255, alpha=0.6,
                  edgecolor='black', linewidth=0.5)
        median = np.median(sizes)
        axes.axvline(median, color='black', linestyle='--', linewidth=1)
        axes.set_title(f'{name}: {len(sizes)}, median {median:.3g} µm',
                       fontsize=9, loc='left', family=font, parse_math=False)
        axes.set_xscale('log')
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.spines[['top', 'right']].set_visible(False)
    rows[-1].xaxis.set_major_locator(LogLocator(subs=TICKS))
    rows[-1].xaxis.set_minor_locator(NullLocator())
    rows[-1].xaxis.set_major_formatter(StrMethodFormatter('{x:g}'))
    rows[-1].set_xlim(low, high)
    figure.supylabel('number of features', fontsize=9)
    rows[-1].set_xlabel('equivalent circle diameter (µm); features that the '
                        'border cuts are left out', fontsize=9)
    return figure
