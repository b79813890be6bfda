"""Class ids as labelme's JSON files, to be corrected by hand."""
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

import cv2
import numpy as np

from .files import write_atomically

TOLERANCE = 0.75  # pixels that a polygon may be off a region's outline
VERSION = '5.4.1'  # of the format; labelme looks at its first number


def ids_to_shapes(ids: np.ndarray, classes: Sequence[str]) -> list[dict]:
    """Return polygons around the regions of all classes but the first.

    A later shape lies over an earlier one: what lies in a region's holes,
    the first class among it, follows it.

    Args:
        ids: (H, W) uint8; those beyond the classes are left out.
        classes: Their names.
    """
    shapes, region, first = [], np.ones(ids.shape, bool), 1
    while region.any():
        painted = np.full(ids.shape, 255, np.uint8)
        for class_id, outline in _outlines(ids, region, first, len(classes)):
            if painted[tuple(outline[0, 0, ::-1])] != 255:
                continue  # in a hole of a larger one: of the next round
            cv2.drawContours(painted, [outline], 0, class_id, cv2.FILLED)
            shapes.append(_polygon(outline, classes[class_id]))
        region = (painted != 255) & (ids != painted) & (ids < len(classes))
        first = 0  # in a hole, the first class must be drawn too
    return shapes


def _outlines(ids: np.ndarray, region: np.ndarray, first: int,
              last: int) -> list[tuple[int, np.ndarray]]:
    """Return class and outline of all regions, the largest first."""
    found = [
        (class_id, outline) for class_id in range(first, last)
        for outline in cv2.findContours(
            ((ids == class_id) & region).astype(np.uint8),
            cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    ]
    # by their boxes: what lies in a hole has a smaller one
    return sorted(found, key=lambda one: -np.prod(
        cv2.boundingRect(one[1])[2:]))


def _polygon(outline: np.ndarray, label: str) -> dict:
    points = cv2.approxPolyDP(outline, TOLERANCE, True)[:, 0]
    # labelme draws no polygon of less than three corners
    points = [*points, *[points[-1]] * (3 - len(points))]
    return dict(
        label=label,
        points=[[float(x), float(y)] for x, y in points],
        group_id=None,
        description='',
        shape_type='polygon',
        flags={})


def write_shapes(path: Path, image_path: str | Path, shapes: list[dict],
                 size: tuple[int, int],
                 flags: Optional[Mapping[str, bool]] = None) -> None:
    """Write shapes for labelme.

    Args:
        path: File to write.
        image_path: Image that they belong to.
        shapes: See :func:`ids_to_shapes`; none is a sheet to draw on.
        size: (height, width) of the image in pixels.
        flags: Boxes to tick.
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
    write_atomically(path, json.dumps(content, indent=2))
