"""Draw what labelme's JSON files, and those of its like, describe."""
import base64
import binascii
import os
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

import cv2
import numpy as np

from .annotation_files import LABELME, read_annotations

# Names of shapes -> how many points they have. The second and later ones are
# X-AnyLabeling's and those of newer labelme.
KINDS = dict(polygon='3 or more', rectangle='2 or 4', circle='2', mask='2',
             rotation='4', oriented_rectangle='4', quadrilateral='4')
CORNERS = 4


class ShapeFile(NamedTuple):
    """What is in a file.

    Attributes:
        shapes: In the order they were drawn in.
        size: (height, width) of the image in pixels; None where it is not
            said.
        flags: Boxes that are ticked.
    """
    shapes: list[dict]
    size: tuple[Optional[int], Optional[int]]
    flags: dict


def read_shapes(path: str | os.PathLike) -> ShapeFile:
    """Read labelme's file.

    Raises:
        OSError: If it cannot be opened.
        ValueError: If it is no such file.
    """
    kind, content = read_annotations(path)
    if kind != LABELME:
        raise ValueError(f'{path} is in the format of {kind}, not '
                         "labelme's.")
    return shapes_of(path, content)


def shapes_of(path: str | os.PathLike, content: dict) -> ShapeFile:
    """Return what is in labelme's file, see :func:`read_shapes`."""
    for i, shape in enumerate(content['shapes']):
        if not isinstance(shape, dict) or not {'label', 'points'} <= set(
                shape):
            raise ValueError(
                f'{path} is no JSON file of labelme: shape {i} has no label '
                'or no points. Save it in labelme again.')
    flags = content.get('flags')
    size = read_size_of(path, content, 'imageHeight', 'imageWidth')
    return ShapeFile(content['shapes'], size,
                     flags if isinstance(flags, dict) else {})


def read_size_of(path: str | os.PathLike, content: dict, height: str,
                 width: str) -> tuple[Optional[int], Optional[int]]:
    """Return the (height, width) that a file says its image has.

    Programs write numbers as text or with a point, and null, nothing or 0
    and less where they do not know it.

    Args:
        path: The file, for errors.
        content: What says it.
        height, width: Under these names.

    Returns:
        In pixels; None for what is not said.

    Raises:
        ValueError: If one is something else.
    """
    found = []
    for name in (height, width):
        given = content.get(name)
        number = given
        if isinstance(given, str):
            try:
                number = float(given) if given.strip() else None
            except ValueError:
                number = given
        if number is not None and (
                type(number) not in (int, float) or number != number
                or abs(number) == float('inf') or number != int(number)):
            raise ValueError(
                f'{path}: {name} is {_some(given)}, no number of pixels. '
                'Save or export it again.')
        found.append(int(number) if number and number > 0 else None)
    return tuple(found)


def label_of(shape: dict) -> str:
    """Return a shape's label as text; programs write numbers, too.

    Raises:
        ValueError: If it is neither text nor a number.
    """
    label = shape['label']
    if label is None:
        return ''
    if isinstance(label, bool) or not isinstance(label, (str, int, float)):
        raise ValueError(f'labelled {label!r}, which is no text')
    # Macs write 'ü' as two letters
    return unicodedata.normalize('NFC', str(label))


def fill_shape(shape: dict, size: tuple[int, int]) -> np.ndarray:
    """Return which pixels a shape covers, its outline included.

    Args:
        shape: Of labelme's 'shapes'; what reaches beyond the image is left
            out.
        size: (height, width) of the image in pixels.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: If the shape has no area, as points and lines, has
            something else than finite numbers for coordinates, or lies, or
            reaches far, outside of the image.
    """
    kind = shape.get('shape_type') or 'polygon'
    points = check_points(shape['points'], size, f'a {kind!r}')
    canvas = np.zeros(size, np.uint8)
    if kind == 'mask' and len(points):
        _paste(canvas, points, shape.get('mask'))
    elif not _draw(canvas, kind, points):
        raise ValueError(
            f'a {kind!r} that covers no area (its points: {len(points)}); '
            'allowed are '
            f'{", ".join(f"{name} ({n})" for name, n in KINDS.items())} '
            'points. Draw it anew in the annotation program.')
    if not canvas.any():
        raise ValueError(f'a {kind!r} that covers no pixel of the image. '
                         'Correct or remove it in the annotation program.')
    return canvas.astype(bool)


def draw_shapes(shapes: Sequence[dict], size: tuple[int, int],
                values: Mapping[str, int], base: int = 0) -> np.ndarray:
    """Draw shapes, the later over the earlier, on a sheet of the base.

    Args:
        shapes: Of labelme's 'shapes'.
        size: (height, width) of the image in pixels.
        values: Label -> what its pixels become, 0 to 255.
        base: What no shape covers.

    Returns:
        (H, W) uint8.

    Raises:
        ValueError: If a shape has no area in the image or an unknown label.
    """
    sheet = np.full(size, base, np.uint8)
    for i, shape in enumerate(shapes):
        try:
            label = label_of(shape)
            inside = fill_shape(shape, size)
        except ValueError as error:
            raise ValueError(f'shape {i} is {error}') from error
        if label not in values:
            raise ValueError(f'shape {i} is labelled {label!r}; allowed are '
                             f'{", ".join(values)}. Rename it in labelme.')
        sheet[inside] = values[label]
    return sheet


def check_points(points, size: tuple[int, int], what: str) -> np.ndarray:
    """Return points as an array, (N, 2): x and y.

    Args:
        points: As in the file.
        size: (height, width) of the image in pixels.
        what: The shape, as the begin of an error's sentence.

    Raises:
        ValueError: If they are no pairs of finite numbers, or far outside.
    """
    if not isinstance(points, (list, tuple)):
        raise ValueError(f'{what} whose points are {_some(points)}, no list. '
                         'Draw it anew in the annotation program.')
    for i, point in enumerate(points):
        numbers = isinstance(point, (list, tuple)) and len(point) == 2 and (
            all(type(value) in (int, float) for value in point))
        if not numbers or not all(abs(value) < 1e9 for value in point):
            raise ValueError(
                f'{what} whose point {i} is {_some(point)}, not two numbers '
                'of pixels. Draw it anew in the annotation program.')
    array = np.array(points, float).reshape(-1, 2)
    width, height = size[::-1]
    # As far as the image is large lies outside what a slip of the hand does.
    far = (array < (-width, -height)) | (array > (2 * width, 2 * height))
    if far.any():
        x, y = array[far.any(axis=1)][0].tolist()
        raise ValueError(
            f'{what} that reaches to ({x:g}, {y:g}), far outside of the '
            f'image of {width} x {height} (width x height) pixels. Look '
            'whether it was drawn on another image, and correct it.')
    return array


def _some(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:60]}...'


def _draw(canvas: np.ndarray, kind: str, points: np.ndarray) -> bool:
    """Draw all shapes but masks; False if there is none of such points."""
    pixels = np.round(points).astype(np.int32)
    if kind == 'polygon' and len(points) > 2:
        cv2.fillPoly(canvas, [pixels], 1)
    elif kind == 'rectangle' and len(points) == 2:
        cv2.rectangle(canvas, *pixels.tolist(), 1, cv2.FILLED)
    elif kind in ('rectangle', 'rotation', 'oriented_rectangle',
                  'quadrilateral') and len(points) == CORNERS:
        # whatever the order of the corners
        cv2.fillPoly(canvas, [cv2.convexHull(pixels)], 1)
    elif kind == 'circle' and len(points) == 2:
        centre, edge = pixels
        radius = round(float(np.hypot(*(edge - centre))))
        cv2.circle(canvas, centre.tolist(), radius, 1, cv2.FILLED)
    else:
        return False
    return True


def _paste(canvas: np.ndarray, points: np.ndarray, text) -> None:
    """Lay a shape that is a picture, in text, over the upper left point."""
    part = None
    if isinstance(text, str) and text:
        try:
            data = np.frombuffer(base64.b64decode(text), np.uint8)
            part = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        except (binascii.Error, cv2.error):
            pass
    if part is None:
        raise ValueError("a 'mask' that covers no area: its picture cannot "
                         'be read. Draw it anew in the annotation program.')
    (x, y), (right, bottom) = (
        np.round(corner).astype(int).tolist()
        for corner in (points.min(axis=0), points.max(axis=0)))
    box = (right - x + 1, bottom - y + 1)
    if len(points) == 2 and max(
            abs(part.shape[1] - box[0]), abs(part.shape[0] - box[1])) > 1:
        raise ValueError(
            f"a 'mask' of {part.shape[1]} x {part.shape[0]} (width x height) "
            f'pixels in a box of {box[0]} x {box[1]}: where it belongs cannot '
            'be told. Draw it anew in the annotation program.')
    # of a part that reaches beyond the image, what lies within
    height, width = canvas.shape
    top, left = max(-y, 0), max(-x, 0)
    part = part[top:max(height - y, 0), left:max(width - x, 0)]
    y, x = max(y, 0), max(x, 0)
    canvas[y:y + part.shape[0], x:x + part.shape[1]] = part > 0
