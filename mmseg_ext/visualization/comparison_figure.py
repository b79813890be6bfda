"""Compared images as a figure for a page: pixels as pixels, text as text."""
from collections.abc import Sequence
from typing import NamedTuple, Optional
from unicodedata import east_asian_width

import cv2
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmseg_ext.basics import paint
from mmseg_ext.basics.colours import (
    DISTINCT,
    colour_distances,
    free_colour,
)
from mmseg_ext.basics.fonts import readable_names
from mmseg_ext.basics.scale_bar import scale_bar

from .comparison import Compared, error_map
from .regions import Box

DPI = 100  # one dot of the figure is a pixel of the picture
HEADER, GAP = 22, 6  # pixels
ORANGE = (255, 140, 0)  # boxes, as in the paper's figures
PALE = [[grey] * 3 for grey in (0, 128, 170, 213)]  # of error maps
LINE = 1.5  # points
BAR_HEIGHT, SMALL = 26, 8  # of a scale bar's ground; of its letters; pixels


class _Cell(NamedTuple):
    """A picture (H, W, 3) BGR at its final size; boxes in its pixels."""
    picture: np.ndarray
    boxes: Sequence[tuple[float, float, float, float]] = ()
    note: str = ''
    frame: bool = False
    um_per_pixel: Optional[float] = None


class _Marks(NamedTuple):
    """Colours of what is no class: errors, outlines, boxes."""
    wrong: Sequence[int]
    outline: Sequence[int]
    box: Sequence[int]

    @classmethod
    def beside(cls, palette: Sequence[Sequence[int]]) -> '_Marks':
        """Choose them so that no class has one of them."""
        wrong = free_colour([*palette, *PALE])
        box = (ORANGE if colour_distances(
            ORANGE, [*palette, wrong]).min() >= DISTINCT
            else free_colour([*palette, wrong]))
        return cls(wrong, free_colour([*palette, *PALE, wrong]), box)


def draw_comparison(rows: Sequence[Compared],
                    classes: Sequence[str],
                    palette: Sequence[Sequence[int]],
                    boxes: Optional[Sequence[Sequence[Box]]] = None,
                    closeups: bool = False,
                    errors: bool = False,
                    width: int = 256) -> Figure:
    """Draw image | ground truth | each model's prediction, a row an image.

    Boxes are drawn over all pictures of their row. A close-up of a box is a
    row of its own, with the outlines of the true classes over the
    predictions. Error maps are a row, too: wrong pixels and their fraction in
    a colour that no class has, beside the image with the true outlines and
    the true classes of what every model gets wrong. Where the size of a
    pixel is known, images have a scale bar.

    Args:
        rows: The images; all have the same models.
        classes: Names of the classes.
        palette: Colour of each class, (red, green, blue), 0 to 255.
        boxes: Boxes of each row; None: there are none.
        closeups: Draw a close-up of each box.
        errors: Draw error maps.
        width: Width of each picture in pixels.

    Returns:
        A figure; :func:`save_figure` writes it.

    Raises:
        ValueError: If there is nothing to draw or a box is not in its
            image.
    """
    if not rows:
        raise ValueError('There is no image to compare')
    boxes = [()] * len(rows) if boxes is None else boxes
    titles = ['image', 'ground truth', *rows[0].predictions]
    lines, marks = [], _Marks.beside(palette)
    for row, its_boxes in zip(rows, boxes, strict=True):
        _check(row, its_boxes)
        lines += _lines(row, its_boxes, palette, closeups, errors, width,
                        marks)
    names, families = readable_names(classes)
    legend = [*zip(names, palette)]
    if errors:
        legend.append(('wrong', marks.wrong))
    if any((row.truth == row.ignore_index).any() for row in rows):
        legend.append(('no label', (0, 0, 0)))
    return _layout(titles, lines, legend, width, marks.box, families)


def save_figure(figure: Figure, path: str) -> None:
    """Write a figure as PNG, SVG or PDF, by the path's suffix.

    Raises:
        ValueError: If the suffix is of no picture.
        OSError: If the file cannot be written.
    """
    with rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'mmseg_ext'}):
        figure.savefig(path, dpi=DPI)


def _check(row: Compared, boxes: Sequence[Box]) -> None:
    height, width = row.truth.shape
    for box in boxes:
        if (min(box.x, box.y) < 0 or min(box.width, box.height) < 1
                or box.x + box.width > width or box.y + box.height > height):
            raise ValueError(f'The box {tuple(box)} (x, y, width, height) is '
                             f'not in {row.name} of {width} x {height} '
                             'pixels')


def _lines(row: Compared, boxes: Sequence[Box],
           palette: Sequence[Sequence[int]], closeups: bool, errors: bool,
           width: int, marks: _Marks) -> list[list[_Cell]]:
    """Return the rows of cells that an image gets."""
    whole = Box(0, 0, *row.truth.shape[::-1])
    lines = [_line(row, whole, palette, width, boxes)]
    if errors:
        lines.append(_error_line(row, palette, width, marks))
    if closeups:
        lines += [_line(row, box, palette, width, outlined=True)
                  for box in boxes]
    return lines


def _error_line(row: Compared, palette: Sequence[Sequence[int]], width: int,
                marks: _Marks) -> list[_Cell]:
    """Return true outlines, what all get wrong, and each model's errors."""
    image = _resize_image(row.image, width)
    truth = _resize(row.truth.astype(np.uint8), width, cv2.INTER_NEAREST)
    image[_outline(truth)] = marks.outline[::-1]
    cells = [_Cell(image, note='true outlines')]
    maps = [*row.predictions.values()]
    always = np.all([labels != row.truth for labels in maps], axis=0)
    always &= row.truth != row.ignore_index
    picture, _ = error_map(row.image, row.truth, row.truth, marks.wrong,
                           row.ignore_index)
    picture[always] = paint(row.truth.astype(np.uint8), palette)[always]
    cells.append(_Cell(
        _resize(picture, width, cv2.INTER_NEAREST),
        note='true class where '
        + ('all are wrong' if len(maps) > 1 else 'it is wrong')))
    for labels in maps:
        picture, fraction = error_map(row.image, labels, row.truth,
                                      marks.wrong, row.ignore_index)
        note = '' if fraction is None else f'{100 * fraction:.1f} % wrong'
        cells.append(_Cell(_resize(picture, width, cv2.INTER_NEAREST),
                           note=note))
    return cells


def _line(row: Compared, part: Box, palette: Sequence[Sequence[int]],
          width: int, boxes: Sequence[Box] = (),
          outlined: bool = False) -> list[_Cell]:
    """Return image, ground truth and predictions of a part of an image."""
    scale = width / part.width
    scaled = [tuple(scale * value for value in box) for box in boxes]
    um = row.um_per_pixel
    cells = [_Cell(_resize_image(part.crop(row.image), width), scaled,
                   frame=outlined, um_per_pixel=um and um / scale)]
    truth = _resize(part.crop(row.truth).astype(np.uint8), width,
                    cv2.INTER_NEAREST)
    for labels in (row.truth, *row.predictions.values()):
        ids = _resize(part.crop(labels).astype(np.uint8), width,
                      cv2.INTER_NEAREST)
        picture = paint(ids, palette)
        if outlined:
            picture[_outline(truth)] = 255
        cells.append(_Cell(picture, scaled, frame=outlined))
    return cells


def _outline(ids: np.ndarray) -> np.ndarray:
    """Mark the pixels at which another class begins, two pixels wide."""
    edge = np.zeros(ids.shape, bool)
    for axis in (0, 1):
        differ = np.diff(ids.astype(int), axis=axis) != 0
        before = [slice(None), slice(None)]
        after = [slice(None), slice(None)]
        before[axis], after[axis] = slice(-1), slice(1, None)
        edge[tuple(before)] |= differ
        edge[tuple(after)] |= differ
    return edge


def _resize(picture: np.ndarray, width: int, how: int) -> np.ndarray:
    height = max(1, round(width * picture.shape[0] / picture.shape[1]))
    return cv2.resize(picture, (width, height), interpolation=how)


def _resize_image(image: np.ndarray, width: int) -> np.ndarray:
    enlarge = width > image.shape[1]
    return _resize(image, width,
                   cv2.INTER_CUBIC if enlarge else cv2.INTER_AREA)


def _layout(titles: Sequence[str], lines: Sequence[Sequence[_Cell]],
            legend: Sequence[tuple[str, Sequence[int]]], width: int,
            box_colour: Sequence[int],
            families: Optional[Sequence[str]]) -> Figure:
    heights = [line[0].picture.shape[0] for line in lines]
    full_width = len(titles) * (width + GAP) - GAP
    legend_rows = _break(legend, full_width)
    full_height = (HEADER + sum(heights) + GAP * len(lines)
                   + HEADER * len(legend_rows))
    figure = Figure((full_width / DPI, full_height / DPI), dpi=DPI,
                    facecolor='white')

    def text(x: float, y: float, words: str, **kwargs) -> None:
        figure.text(x / full_width, 1 - y / full_height, words, fontsize=9,
                    va='center', **kwargs)

    for column, title in enumerate(titles):
        text(column * (width + GAP) + 1, HEADER / 2, title)
    top = HEADER
    for line, height in zip(lines, heights):
        for column, cell in enumerate(line):
            left = column * (width + GAP)
            _draw(figure, cell, (left / full_width,
                                 1 - (top + height) / full_height,
                                 width / full_width, height / full_height),
                  box_colour)
            if cell.note:
                text(left + 4, top + 10, cell.note, bbox=dict(
                    facecolor='white', edgecolor='none', pad=1.5, alpha=0.8))
        top += height + GAP
    for entries in legend_rows:
        for x, name, colour in entries:
            figure.add_artist(Rectangle(
                (x / full_width, 1 - (top + 17) / full_height),
                12 / full_width, 12 / full_height, linewidth=0.5,
                facecolor=_unit(colour), edgecolor='black'))
            text(x + 17, top + HEADER / 2, name, family=families,
                 parse_math=False)
        top += HEADER
    return figure


def _break(legend: Sequence[tuple[str, Sequence[int]]],
           width: int) -> list[list[tuple[int, str, Sequence[int]]]]:
    """Lay the legend's entries out in lines: (x in pixels, name, colour)."""
    rows, x = [[]], 0
    for name, colour in legend:
        # some 7 pixels a letter, twice that where letters are squares
        needed = 17 + 14 + sum(14 if east_asian_width(letter) in 'WF' else 7
                               for letter in name)
        if x + needed > width and rows[-1]:
            rows.append([])
            x = 0
        rows[-1].append((x, name, colour))
        x += needed
    return rows


def _draw(figure: Figure, cell: _Cell,
          place: tuple[float, float, float, float],
          box_colour: Sequence[int]) -> None:
    height, width = cell.picture.shape[:2]
    axes = figure.add_axes(place)
    axes.imshow(cell.picture[..., ::-1], interpolation='nearest',
                extent=(0, width, height, 0), aspect='auto')
    axes.set_axis_off()
    boxes = [*cell.boxes, *([(0, 0, width, height)] if cell.frame else [])]
    for x, y, box_width, box_height in boxes:
        axes.add_patch(Rectangle((x, y), box_width, box_height, fill=False,
                                 edgecolor=_unit(box_colour),
                                 linewidth=LINE))
    if cell.um_per_pixel is not None:
        _draw_scale_bar(axes, width, height, cell.um_per_pixel)


def _draw_scale_bar(axes: Axes, width: int, height: int,
                    um_per_pixel: float) -> None:
    """Draw a bar on a dark ground, its label as text, lower right."""
    bar = scale_bar(width, um_per_pixel)
    ground = max(bar.length, SMALL * len(bar.label)) + 2 * GAP
    if ground > width or height < BAR_HEIGHT:
        return
    left = width - ground
    axes.add_patch(Rectangle((left, height - BAR_HEIGHT), ground, BAR_HEIGHT,
                             facecolor='black', alpha=0.6, linewidth=0))
    axes.add_patch(Rectangle(
        (left + (ground - bar.length) / 2, height - 8), bar.length, 3,
        facecolor='white', linewidth=0))
    axes.text(left + ground / 2, height - 17, bar.label, color='white',
              fontsize=8, ha='center', va='center')


def _unit(colour: Sequence[int]) -> tuple[float, ...]:
    return tuple(value / 255 for value in colour)
