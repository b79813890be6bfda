"""Attention maps and sampling points, drawn over the picture."""
from collections.abc import Sequence
from typing import Optional

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from .attention import LayerAttention

# Lengths on the page are in pixels.
DPI = 100
WIDTH = 1800
MIN_SIDE = 240  # of a close-up; many points make the page wider
MARGIN, GAP, TITLE, LEGEND = 20, 10, 54, 44
BAR, TICKS = 14, 70  # colour bar and the numbers beside it
FONT = dict(fontsize=11)
LEAST_RANGE = 0.01  # of the colours: rounding errors are no pattern
HEAT = 0.6  # opacity of the map over the picture
PALE = 0.25  # fraction of white in a close-up, for the markers to stand out
ROOM = 1.5  # side of a close-up in multiples of what it has to show
STYLES = dict(
    regular=dict(
        label='tap without offset', marker='+', color='#222222',
        markersize=9),
    query=dict(
        label='tap of the query', marker='o', color='#e66100', markersize=10,
        markeredgecolor='white'),
    # fits into the other: both are seen where they share their offsets
    value=dict(
        label='tap of the value', marker='D', color='#0c5da5', markersize=6,
        markeredgecolor='white', markeredgewidth=0.5))


def draw_attention(
        picture: np.ndarray,
        layers: Sequence[LayerAttention],
        points: Optional[Sequence[tuple[float, float]]] = None) -> Figure:
    """Draw attention maps, and sampling points in close-ups.

    A row is a layer: its map over the picture, then around each point the
    places at which the nine taps of both deformable convolutions read for
    the cell that covers the point. Frames in the first picture show where
    the close-ups are. Grey in a close-up is outside of the picture.

    Args:
        picture: (H, W, 3) or (H, W), channels blue, green, red, 0 to 255.
        layers: What to draw, see :func:`record_attention`.
        points: (x, y) in pixels of the picture; if None, three on its
            middle line, at 1/4, 1/2 and 3/4 of the width.

    Returns:
        A figure to save, 100 dots an inch.

    Raises:
        ValueError: If a point is outside of the picture.
    """
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    code = cv2.COLOR_GRAY2RGB if picture.ndim == 2 else cv2.COLOR_BGR2RGB
    picture = cv2.cvtColor(picture, code)
    height, width = picture.shape[:2]
    if points is None:
        points = [(width * k // 4, height // 2) for k in (1, 2, 3)]
    for x, y in points:
        if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
            raise ValueError(
                f'The point {x:g},{y:g} is outside of the picture of {width} '
                f'x {height} pixels: x must be from 0 to {width - 1}, y from '
                f'0 to {height - 1}')
    page = _Page(width / height, len(layers), len(points))
    for row, layer in enumerate(layers):
        whole, bar, *close_ups = page.row(row)
        _write_title(whole, layer)
        _draw_map(whole, bar, picture, layer)
        for i, (axes, point) in enumerate(zip(close_ups, points), start=1):
            _draw_taps(axes, picture, layer, point)
            _mark(whole, axes, i, point)
            if row == 0:
                _write(axes, 0, 26, f'{i}: x {point[0]:g}, y {point[1]:g}')
    page.add_legend()
    return page.figure


class _Page:
    """Place the axes of each row on a figure."""

    def __init__(self, aspect: float, rows: int, points: int) -> None:
        spare = WIDTH - 2 * MARGIN - BAR - TICKS - (points + 1) * GAP
        self.side = max(MIN_SIDE, round(spare / (aspect + points)))
        self.picture = round(aspect * self.side)
        self.points = points
        self.width = WIDTH - spare + self.picture + points * self.side
        self.height = GAP + rows * (TITLE + self.side + GAP) + LEGEND
        self.figure = Figure((self.width / DPI, self.height / DPI), dpi=DPI)

    def row(self, index: int) -> list[Axes]:
        """Return the axes of the picture, colour bar and close-ups."""
        top = GAP + index * (TITLE + self.side + GAP) + TITLE
        axes, left = [], MARGIN
        for width, space in [(self.picture, GAP), (BAR, TICKS),
                             *[(self.side, GAP)] * self.points]:
            axes.append(
                self.figure.add_axes(
                    (left / self.width,
                     1 - (top + self.side) / self.height,
                     width / self.width, self.side / self.height)))
            left += width + space
        return axes

    def add_legend(self) -> None:
        handles = [
            Line2D([], [], linestyle='', **style) for style in STYLES.values()
        ]
        self.figure.legend(
            handles=handles,
            loc='lower right',
            bbox_to_anchor=(1 - MARGIN / self.width, 0),
            ncols=len(handles),
            frameon=False,
            **FONT)


def _write(axes: Axes, x: float, y: float, text: str, **style) -> None:
    """Write at points right of and above the upper left corner."""
    axes.annotate(text, (0, 1), xycoords='axes fraction', xytext=(x, y),
                  textcoords='offset points', **FONT, **style)


def _write_title(axes: Axes, layer: LayerAttention) -> None:
    height, width = layer.cell
    rows, columns = layer.map.shape
    kind = 'map' if layer.channels == 1 else (
        f'mean of the maps of {layer.channels} channels')
    start = ' (1: unchanged)' if layer.gain == 2 else ''
    _write(axes, 0, 26, layer.name, fontweight='bold')
    _write(axes, 0, 8, f'{kind} {layer.map.min():.4g} to '
           f'{layer.map.max():.4g}{start}; {columns} x {rows} cells of '
           f'{width:.3g} x {height:.3g} pixels')


def _draw_map(axes: Axes, bar: Axes, picture: np.ndarray,
              layer: LayerAttention) -> None:
    """Lay the map over the picture, values as they are."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    axes.imshow(grey, cmap='gray', vmin=0, vmax=255)
    low, high = layer.map.min(), layer.map.max()
    if layer.gain == 2:  # 1 is what the layer starts from
        reach = max(1 - low, high - 1, LEAST_RANGE / 2)
        colours, low, high = 'RdBu_r', 1 - reach, 1 + reach
    else:
        colours, high = 'viridis', max(high, low + LEAST_RANGE)
    heat = axes.imshow(
        layer.map,
        cmap=colours,
        norm=Normalize(low, high),
        alpha=HEAT,
        extent=layer.extent,
        interpolation='nearest')
    axes.figure.colorbar(heat, cax=bar)
    height, width = grey.shape
    _limit(axes, (-0.5, width - 0.5), (-0.5, height - 0.5))


def _draw_taps(axes: Axes, picture: np.ndarray, layer: LayerAttention,
               point: tuple[float, float]) -> None:
    """Draw the taps of a cell around its middle."""
    taps = layer.taps(*layer.cell_at(point))
    pale = picture * (1 - PALE) + 255 * PALE
    axes.imshow(pale.astype(np.uint8), interpolation='bilinear')
    middle = taps['regular'][len(taps['regular']) // 2]
    far = {kind: np.abs(places - middle).max(axis=1)
           for kind, places in taps.items()}
    # a tap can be anywhere: not more than a picture's length
    reach = min(ROOM * max(map(np.max, far.values())),
                max(picture.shape[:2]) / 2)
    _limit(axes, *((value - reach, value + reach) for value in middle))
    axes.set_facecolor('#bbbbbb')
    for kind in layer.offsets:
        for start, end in zip(taps['regular'], taps[kind]):
            axes.plot(*zip(start, end), color=STYLES[kind]['color'],
                      linewidth=1)
    for kind, places in taps.items():
        axes.plot(*places.T, linestyle='', **STYLES[kind])
    beyond = sum(int((distance > reach).sum()) for distance in far.values())
    if beyond:
        axes.text(0.97, 0.04, f'farther away: {beyond}', ha='right',
                  transform=axes.transAxes, **FONT,
                  bbox=dict(facecolor='white', alpha=0.8, linewidth=0))


def _limit(axes: Axes, x: tuple[float, float],
           y: tuple[float, float]) -> None:
    axes.set(xlim=x, ylim=y[::-1], aspect='auto', xticks=[], yticks=[])


def _number(axes: Axes, number: int, place: tuple[float, float],
            shift: tuple[float, float], **kwargs) -> None:
    axes.annotate(
        str(number), place, xytext=shift, textcoords='offset points',
        ha='center', va='center', color='white', **FONT, **kwargs,
        bbox=dict(boxstyle='circle', facecolor='black', linewidth=0))


def _mark(whole: Axes, close_up: Axes, number: int,
          point: tuple[float, float]) -> None:
    """Show in the whole picture what a close-up shows."""
    (left, right), (low, high) = close_up.get_xlim(), close_up.get_ylim()
    whole.add_patch(
        Rectangle((left, low), right - left, high - low, fill=False,
                  edgecolor='black', linewidth=1.5))
    whole.plot(*point, marker='.', color='black')
    _number(whole, number, point, (16, 14))
    _number(close_up, number, (0, 1), (14, -14), xycoords='axes fraction')
