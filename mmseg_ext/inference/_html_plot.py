"""The plot in the page of :mod:`mmseg_ext.inference.html_report`."""
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

ROW, AXIS = 58, 34  # heights in pixels
MAX_DOTS = 1000  # of a class; more lie on each other, and make pages large


@dataclass(frozen=True)
class PlotRow:
    """What is drawn of a class.

    Attributes:
        name: Of the class.
        colour: (red, green, blue), 0 to 255.
        percents: Its fraction in each image, 0 to 100.
        mean: Their mean.
        ends: Where its interval begins and ends, within 0 to 100; nan if
            there is none.
    """
    name: str
    colour: Sequence[int]
    percents: Sequence[float]
    mean: float
    ends: tuple[float, float]


def draw_plot(heading: str, names: Sequence[str], rows: Sequence[PlotRow],
              line: str = 'their mean',
              band: str = 'its 95 % confidence interval') -> str:
    """Draw every image's fractions, their mean and its interval.

    Args:
        heading: What is drawn.
        names: Of the images.
        rows: The classes.
        line: What the line at ``mean`` is.
        band: What the band between ``ends`` is.

    Returns:
        HTML.
    """
    largest = max(max((*row.percents, row.mean, *filter(
        math.isfinite, row.ends))) for row in rows)
    step = _tick_step(min(largest, 100))
    # without a pixel of it an axis is drawn all the same
    end = min(100, step * max(math.ceil(largest / step), 1))
    bottom = ROW * len(rows)
    parts = []
    for tick in range(round(end / step) + 1):
        x = _x(tick * step, end)
        parts.append(
            f'<line x1="{x}" x2="{x}" y1="22" y2="{bottom}" '
            'stroke="#d9dee4"/>'
            f'<text class="tick" x="{x}" y="{bottom + 16}" '
            f'text-anchor="middle">{tick * step:g}</text>')
    for i, row in enumerate(rows):
        parts += _draw_row(row, ROW * i, names, end)
    dots = ('a dot an image' if len(names) <= MAX_DOTS else
            f'dots for {MAX_DOTS} of {len(names)} images, evenly from the '
            'least to the greatest')
    several = (f': {dots}, the line {line}, the band {band}'
               if len(names) > 1 else '')
    return (f'<svg height="{bottom + AXIS}" role="img" aria-label="{heading} '
            f'in percent{several}">{"".join(parts)}</svg>'
            f'<p class="quiet">Fraction in percent{several}</p>')


def _draw_row(row: PlotRow, top: int, names: Sequence[str],
              end: float) -> list[str]:
    y, parts = top + 38, []
    colour = 'rgb({}, {}, {})'.format(*row.colour)
    text = f'{row.mean:.1f} %'
    low, high = row.ends
    if math.isfinite(low):
        text += f' ({low:.1f} to {high:.1f} %)'
        parts.append(
            f'<rect x="{_x(low, end)}" y="{y - 11}" height="22" '
            f'width="{_x(min(high, end) - low, end)}" fill="#1d232b" '
            'fill-opacity=".14"/>')
    for j in _dots(row.percents):
        name, percent = names[j], row.percents[j]
        shift = (j * 7) % 11 - 5  # side by side where they are equal
        parts.append(
            f'<circle cx="{_x(percent, end)}" '
            f'cy="{y + shift}" r="4" fill="{colour}" '
            'fill-opacity=".85" stroke="#1d232b" stroke-opacity=".6">'
            f'<title>{escape(name)}: {percent:.2f} %</title></circle>')
    return [
        *parts, f'<line x1="{_x(row.mean, end)}" x2="{_x(row.mean, end)}" '
        f'y1="{y - 13}" y2="{y + 13}" stroke="#1d232b" stroke-width="2.5"/>'
        f'<text x="0" y="{top + 15}"><tspan font-weight="600">'
        f'{escape(row.name)}</tspan> {text}</text>']


def _dots(percents: Sequence[float]) -> Sequence[int]:
    """Return which images are drawn: all, or evenly spaced by rank."""
    number = len(percents)
    if number <= MAX_DOTS:
        return range(number)
    order = sorted(range(number), key=percents.__getitem__)
    return [order[i * (number - 1) // (MAX_DOTS - 1)]
            for i in range(MAX_DOTS)]


def _x(percent: float, end: float) -> str:
    return f'{100 * percent / end:.2f}%'


def _tick_step(largest: float) -> float:
    """Return a round number of which up to five reach the largest."""
    return next(step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25)
                if 5 * step >= largest)
