"""Histograms of entropies, and where a few queries look."""
import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from mmseg_ext.basics.colours import BLUE, RED

from .inspection import Inspection, Opened
from .recording import PairRecord
from .twin import Attended

DPI = 100
SIDE = 2.7  # inches of a panel
BINS = 60  # of the histograms
QUERIES = (0.25, 0.5, 0.75)  # of the width, on the middle line
HEAT = ListedColormap([RED])
OPACITY = 0.8  # of the most attended key
QUERY = dict(marker='+', color=BLUE, markersize=12, markeredgewidth=2.5)
STRONGEST = dict(marker='o', fillstyle='none', color=RED, markersize=13,
                 markeredgewidth=1.5)


def draw_inspection(found: Inspection) -> Figure:
    """Draw a row for each pair of maps.

    Left the entropies of queries of all images, a line at that of a
    uniform attention; then the picture under the attention of three
    queries, crosses, mean over heads: the more a key is attended, the less
    is seen through, and a circle is around the first of all. The number of
    keys is exp(entropy): of so many alike.
    """
    columns = 1 + len(QUERIES)
    rows = len(found.records)
    figure = Figure((SIDE * (columns + 0.4), SIDE * rows), dpi=DPI,
                    layout='constrained')
    axes = figure.subplots(
        rows, columns, squeeze=False,
        gridspec_kw=dict(width_ratios=[1.4, *[1] * len(QUERIES)]))
    for row, record, attended in zip(axes, found.records,
                                     found.opened.pairs):
        _draw_entropies(row[0], record)
        for place, panel in zip(QUERIES, row[1:]):
            _draw_query(panel, found.opened, attended, place)
    return figure


def _draw_entropies(axes: Axes, record: PairRecord) -> None:
    uniform = max(record.log_keys)
    entropy = np.concatenate(record.entropies)
    axes.hist(entropy, bins=BINS, range=(0, 1.02 * uniform), color=BLUE)
    axes.axvline(uniform, color='0.3', linestyle='--', linewidth=1)
    axes.set_title(f'{record.name}: entropy {entropy.mean():.2f} of '
                   f'{uniform:.2f} nats', fontsize=9)
    axes.set_xlabel('nats', fontsize=8)
    axes.set_ylabel('queries', fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[['top', 'right']].set_visible(False)


def _draw_query(axes: Axes, opened: Opened, attended: Attended,
                place: float) -> None:
    rows, columns = attended.grid
    height, width = opened.picture.shape[:2]
    seen_rows, seen_columns = opened.size
    y, x = height / 2, place * width
    cell = (int(y * rows / seen_rows) * columns
            + int(x * columns / seen_columns))
    one = Attended(attended.query[:, :, cell:cell + 1], attended.key,
                   attended.value, (1, 1), attended.key_grid)
    (_, probabilities), = one.blocks()
    # (1, heads, 1, M) -> (H', W')
    heat = probabilities[0].mean(0)[0].unflatten(
        0, attended.key_grid).cpu().numpy()
    axes.imshow(cv2.cvtColor(opened.picture, cv2.COLOR_BGR2GRAY),
                cmap='gray', vmin=0, vmax=255)
    axes.imshow(np.zeros_like(heat), cmap=HEAT,
                alpha=OPACITY * heat / heat.max(),
                extent=(-0.5, seen_columns - 0.5, seen_rows - 0.5, -0.5),
                interpolation='nearest')
    down, right = np.unravel_index(heat.argmax(), heat.shape)
    axes.plot((right + 0.5) * seen_columns / heat.shape[1] - 0.5,
              (down + 0.5) * seen_rows / heat.shape[0] - 0.5, **STRONGEST)
    axes.plot(x, y, **QUERY)
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[],
             yticks=[])
    number = np.exp(-np.sum(heat * np.log(np.maximum(heat, 1e-30))))
    digits = 1 if number < 10 else 0
    axes.set_title(f'looks at {number:.{digits}f} of {heat.size} keys, '
                   f'{100 * heat.max():.0f} % at one', fontsize=8)
