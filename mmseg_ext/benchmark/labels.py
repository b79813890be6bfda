"""Names beside points, so that none covers another or a point."""
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RADII = (7, 12, 19, 28, 40, 55, 75, 100)  # points of a font
ANGLES = (0, 180, 90, 270, 45, 315, 135, 225, 20, 340, 160, 200, 70, 290,
          110, 250)
MARKER = 5  # half of its side
CROSSING = 40  # what a crossed name costs, in square pixels of overlap
LEADER = 15  # radius from which a line leads to the point in any case


def place_labels(axes: 'Axes', points: Sequence[tuple[float, float]],
                 names: Sequence[str],
                 segments: Sequence[tuple[float, float, float, float]] = (),
                 size: float = 7.5) -> None:
    """Write a name beside each point.

    One after the other, the crowded first, each takes the nearest place
    where it covers no point, no segment and no earlier name, and where the
    line that leads to it crosses no name. Where there is none, it takes the
    one that covers least. Call it last: the limits of the axes must be final.

    Args:
        axes: Of a figure that has a canvas.
        points: (x, y) in data units.
        names: One for each point.
        segments: (x0, y0, x1, y1) of upright and level lines, in data units.
        size: Of the font.
    """
    figure = axes.figure
    figure.draw_without_rendering()
    figure.set_layout_engine('none')  # what is placed is not moved any more
    renderer = figure.canvas.get_renderer()
    unit = figure.dpi / 72
    centres = axes.transData.transform(points)
    marks = [_box(centre, centre, MARKER * unit) for centre in centres]
    for x0, y0, x1, y1 in segments:
        ends = axes.transData.transform([(x0, y0), (x1, y1)])
        marks.append(_box(ends.min(0), ends.max(0), unit))
    frame = axes.get_window_extent(renderer)
    # on the right a name may leave the axes: nothing is written there
    inside = np.array([frame.x0, frame.y0, figure.bbox.x1, frame.y1])
    crowd = [np.sort(np.hypot(*(centres - centre).T))[:4].sum()
             for centre in centres]
    taken: list[np.ndarray] = []
    lines: list[np.ndarray] = []
    for i in np.argsort(crowd):
        text = axes.text(0, 0, names[i], fontsize=size)
        extent = text.get_window_extent(renderer)
        text.remove()
        width, height = extent.width + 2 * unit, extent.height + unit
        best = None
        for radius, box, line in _places(centres[i], width, height, unit):
            cost = sum(_overlap(box, other) for other in [*marks, *taken])
            # to be cut off is worse than to be covered
            cost += 4 * (width * height - _overlap(box, inside))
            cost += CROSSING * sum(
                _crosses(line, other) for j, other in enumerate(
                    [*marks[:len(centres)], *taken]) if j != i)
            cost += CROSSING * sum(_crosses(other, box) for other in lines)
            if best is None or cost < best[0]:
                best = cost, radius, box, line
            if cost < 1:  # of a pixel
                break
        _, radius, box, line = best
        taken.append(box)
        middle = (box[:2] + box[2:]) / 2
        leader = None
        gaps = [_gap(box, centre) for centre in centres]
        if radius >= LEADER or min(gaps) < gaps[i]:  # else it is ambiguous
            lines.append(line)
            leader = dict(arrowstyle='-', color='0.6', linewidth=0.6,
                          shrinkA=0, shrinkB=4)
        axes.annotate(
            names[i], points[i], (middle - centres[i]) / unit,
            textcoords='offset points', ha='center', va='center',
            fontsize=size, arrowprops=leader, annotation_clip=False,
            zorder=3)


def _box(low: np.ndarray, high: np.ndarray, border: float) -> np.ndarray:
    return np.concatenate([low - border, high + border])


def _places(centre: np.ndarray, width: float, height: float,
            unit: float) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """Yield distance, box and leading line of places, the nearest first."""
    for radius, angle in product(RADII, ANGLES):
        way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        near = centre + radius * unit * way
        # the box touches `near` with the side or corner that faces the point
        middle = near + np.sign(np.round(way, 3)) * (
            np.abs(way) > 0.3) * (width / 2, height / 2)
        half = np.array([width / 2, height / 2])
        box = _box(middle - half, middle + half, 0)
        yield radius, box, np.array([*centre, *near])


def _gap(box: np.ndarray, point: np.ndarray) -> float:
    beyond = np.maximum(box[:2] - point, point - box[2:])
    return float(np.hypot(*np.clip(beyond, 0, None)))


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    return float(np.prod(np.clip(sides, 0, None)))


def _crosses(line: np.ndarray, box: np.ndarray) -> bool:
    """Return whether a line from (x0, y0) to (x1, y1) meets a box."""
    steps = np.linspace(0, 1, 20)[1:, None]
    along = line[:2] + steps * (line[2:] - line[:2])
    return bool(((along > box[:2]) & (along < box[2:])).all(1).any())
