"""Class ids as labelme's JSON files, to be corrected by hand.

labelme knows no holes. Polygons lie over each other here, the later over the
earlier: one goes around each part of a class, holes included, and what lies
in a hole has a polygon of its own farther down the list. One class, the
base, is what no polygon covers, and has polygons only within holes. So every
pixel has exactly one class, whatever is drawn.
"""
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import cv2
import numpy as np

from .files import write_atomically

TOLERANCE = 0.75  # pixels that a polygon may be off a region's outline
VERSION = '5.4.1'  # of the format; labelme looks at its first number
IGNORE, IGNORE_INDEX = 'ignore', 255  # what a person leaves undecided
MIN_DICE = 0.98  # of a part with its polygon; else the polygon is finer


class Part(NamedTuple):
    """Connected pixels of one class, with their holes.

    ``label``: class id. ``area``: of part and holes, in pixels.
    ``outline``: (N, 1, 2) int32, x and y of every pixel around it.
    """
    label: int
    area: int
    outline: np.ndarray


def ids_to_shapes(ids: np.ndarray,
                  classes: Sequence[str],
                  base: int = 0,
                  tolerance: float = TOLERANCE) -> list[dict]:
    """Return polygons around the parts of all classes but the base.

    The largest first; a part that lies in another's hole is smaller than
    that with its holes, and so comes later.

    Args:
        ids: (H, W) uint8, class ids; 255: no label.
        classes: Names, in the order of the ids.
        base: Class id of what no polygon covers.
        tolerance: Pixels that a polygon may be off the outline. Where a
            part would lose more than ``MIN_DICE`` allows, it is halved.
    """
    names = {**dict(enumerate(classes)), IGNORE_INDEX: IGNORE}
    parts = sorted(_parts(ids), key=lambda part: -part.area)
    canvas = np.full(ids.shape, base, np.uint8)
    shapes = []
    for part in parts:
        column, row = part.outline[0, 0]
        if canvas[row, column] == part.label:
            continue  # base, and in no hole
        cv2.fillPoly(canvas, [part.outline], part.label)
        points = _simplify(part, tolerance)[:, 0].tolist()
        # labelme draws no polygon of less than three corners
        points += [points[-1]] * (3 - len(points))
        shapes.append(dict(
            label=names[part.label],
            points=[[float(x), float(y)] for x, y in points],
            group_id=None,
            description='',
            shape_type='polygon',
            flags={}))
    return shapes


def write_shapes(path: Path, image_path: str | Path, shapes: list[dict],
                 size: tuple[int, int],
                 flags: Optional[Mapping[str, bool]] = None,
                 indent: Optional[int] = 2) -> None:
    """Write shapes for labelme.

    Args:
        path: File to write.
        image_path: Image that they belong to.
        shapes: See :func:`ids_to_shapes`; none is a sheet to draw on.
        size: (height, width) of the image in pixels.
        flags: Boxes to tick.
        indent: Of the JSON; None: in one line, a third of the size.
    """
    height, width = size
    content = dict(
        version=VERSION,
        flags=dict(flags or {}),
        shapes=shapes,
        imagePath=os.path.relpath(image_path, path.parent).replace('\\', '/'),
        imageData=None,
        imageHeight=height,
        imageWidth=width)
    write_atomically(path, json.dumps(content, indent=indent))


def _parts(ids: np.ndarray) -> Iterator[Part]:
    """Yield the parts of all classes.

    Pixels are connected by their sides alone: then two parts lie one in a
    hole of the other or beside each other, and never cross at corners.
    """
    for label in np.unique(ids).tolist():
        count, numbers, boxes, _ = cv2.connectedComponentsWithStats(
            (ids == label).astype(np.uint8), connectivity=4)
        for number in range(1, count):
            x, y, width, height = boxes[number, :4].tolist()
            alone = numbers[y:y + height, x:x + width] == number
            outlines, _ = cv2.findContours(
                alone.astype(np.uint8), cv2.RETR_EXTERNAL,
                cv2.CHAIN_APPROX_NONE)
            filled = np.zeros(alone.shape, np.uint8)
            cv2.fillPoly(filled, outlines, 1)
            yield Part(label, int(filled.sum()),
                       outlines[0] + np.array([x, y], np.int32))


def _simplify(part: Part, tolerance: float) -> np.ndarray:
    """Return the corners of a polygon like a part's outline, (N, 1, 2)."""
    corner = part.outline.min(axis=0)
    size = (part.outline.max(axis=0) - corner)[0] + 1
    whole = part.outline - corner
    exact = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(exact, [whole], 1)
    while tolerance > 0.5:  # pixels' centres are that far from their edges
        points = cv2.approxPolyDP(whole, tolerance, True)
        found = np.zeros_like(exact)
        cv2.fillPoly(found, [points], 1)
        both = int((exact & found).sum())
        if 2 * both >= MIN_DICE * (int(found.sum()) + part.area):
            return points + corner
        tolerance /= 2
    # leaves out what lies on a straight line alone
    return cv2.approxPolyDP(whole, 0, True) + corner
