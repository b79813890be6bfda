"""A cross-validation's confusion, agreement and learning curves, drawn."""
import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmseg_ext.basics.colours import BLUE, RED
from mmseg_ext.basics.fonts import readable_names
from mmseg_ext.engine.curves.figure import COLOURS
from mmseg_ext.evaluation import Agreement

DPI = 150
COLUMNS = 3  # of plots side by side
LEGEND = ('bias', 'its 95 % interval', 'limits of agreement', 'an image')


def draw_confusion(confusion: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw how often each class is taken for each other.

    Args:
        confusion: (num_classes, num_classes) pixels, true by predicted.
        classes: Their names.
    """
    total = confusion.sum(1, keepdims=True)
    percent = np.divide(100 * confusion, total, where=total > 0,
                        out=np.full(confusion.shape, np.nan))
    names, font = readable_names(classes)
    side = 2.2 + 0.72 * len(classes)
    figure = Figure(figsize=(side + 1.0, side), dpi=DPI, layout='constrained')
    axes = figure.add_subplot()
    image = axes.imshow(percent, cmap='Blues', vmin=0, vmax=100)
    for i, row in enumerate(percent):
        for j, value in enumerate(row):
            axes.text(j, i, '-' if math.isnan(value) else f'{value:.1f}',
                      ha='center', va='center', fontsize=9,
                      color='white' if value > 55 else 'black')
    ticks = range(len(names))
    axes.set_xticks(ticks, names, family=font, parse_math=False,
                    rotation=30, ha='right', rotation_mode='anchor')
    axes.set_yticks(ticks, names, family=font, parse_math=False)
    axes.set_xlabel('predicted')
    axes.set_ylabel('true')
    axes.set_title('Percent of the true pixels', fontsize=10)
    figure.colorbar(image, ax=axes, shrink=0.8, label='%')
    return figure


def draw_agreement(true: np.ndarray, predicted: np.ndarray,
                   agreements: Sequence[Agreement],
                   classes: Sequence[str]) -> Figure:
    """Draw the plot of Bland and Altman for the fraction of each class.

    Args:
        true: (num_images, num_classes) percent.
        predicted: The same.
        agreements: Of each class.
        classes: Their names.
    """
    names, font = readable_names(classes)
    columns = min(COLUMNS, len(classes))
    rows = math.ceil(len(classes) / columns)
    figure = Figure(figsize=(3.4 * columns + 0.3, 2.8 * rows + 0.3), dpi=DPI,
                    layout='constrained')
    every = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in every[len(classes):]:
        axes.remove()
    for i, (axes, name, found) in enumerate(zip(every, names, agreements)):
        axes.axhline(0, color='0.6', linewidth=0.8)
        axes.axhspan(found.bias - found.bias_half,
                     found.bias + found.bias_half, color=BLUE, alpha=0.15,
                     linewidth=0, label=LEGEND[1])
        axes.axhline(found.bias, color=BLUE, label=LEGEND[0])
        for limit in (found.low, found.high):
            axes.axhline(limit, color=RED, linestyle='--',
                         label=LEGEND[2])
        axes.scatter((true[:, i] + predicted[:, i]) / 2,
                     predicted[:, i] - true[:, i], s=14, color='black',
                     alpha=0.65, linewidths=0, zorder=3, label=LEGEND[3])
        axes.set_title(name, fontsize=10, family=font, parse_math=False,
                       loc='left')
        axes.set_title(f'{found.bias:+.1f} ({found.low:+.1f} to '
                       f'{found.high:+.1f})', fontsize=8, loc='right')
        axes.spines[['top', 'right']].set_visible(False)
        axes.margins(y=0.12)
    # the same in all plots; the two limits have one line
    drawn, labels = every[0].get_legend_handles_labels()
    handles = dict(zip(labels, drawn))
    figure.legend([handles[label] for label in LEGEND], LEGEND, frameon=False,
                  loc='outside upper center', fontsize=8,
                  ncols=min(len(LEGEND), 2 * columns))
    figure.supxlabel('mean of true and predicted fraction (%)', fontsize=10)
    figure.supylabel('predicted - true (percentage points)', fontsize=10)
    return figure


def draw_folds(curves: Mapping[int, Sequence[Mapping[str, float]]]
               ) -> Figure:
    """Draw the losses and the mIoU of each fold's trainings.

    Args:
        curves: Fold, from 0 -> lines of the tables of its trainings, with
            'iteration', 'loss', 'val_loss' and 'mIoU', nan where there is
            none. Another seed begins where the iteration goes back.
    """
    figure = Figure(figsize=(8.6, 3.2), dpi=DPI, layout='constrained')
    panels = figure.subplots(1, 2)
    for fold, lines in curves.items():
        colour = COLOURS[fold % len(COLOURS)]
        label = f'fold {fold + 1}'
        for i, run in enumerate(_runs(lines)):
            steps = [line['iteration'] for line in run]
            for axes, key, style in ((panels[0], 'loss', '-'),
                                     (panels[0], 'val_loss', '--'),
                                     (panels[1], 'mIoU', '-')):
                axes.plot(steps, [line[key] for line in run], style,
                          color=colour, marker='.', markersize=5,
                          label=label if i == 0 and axes is panels[1] else '_')
    for axes, title in zip(panels, (
            'loss: training (full), held-out images (dashed)',
            'mIoU of the held-out images (%)')):
        axes.set_title(title, fontsize=9, loc='left')
        axes.set_xlabel('iteration')
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.spines[['top', 'right']].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(0, 1.05 * axes.dataLim.ymax if axes.dataLim.ymax > 0
                      else None)
    panels[1].legend(frameon=False, fontsize=8, loc='upper left',
                     bbox_to_anchor=(1.0, 1.0))
    return figure


def _runs(lines: Sequence[Mapping[str, float]]
          ) -> list[list[Mapping[str, float]]]:
    runs: list[list[Mapping[str, float]]] = []
    for line in lines:
        if not runs or line['iteration'] <= runs[-1][-1]['iteration']:
            runs.append([])
        runs[-1].append(line)
    return runs
