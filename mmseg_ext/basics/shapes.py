"""Draw what labelme's JSON files describe."""
import base64
import json
from pathlib import Path

import cv2
import numpy as np

KINDS = ('polygon', 'rectangle', 'circle', 'mask')


def read_shapes(path: str) -> tuple[list[dict], tuple]:
    """Read labelme's file.

    Returns:
        The shapes, in the order they were drawn in, and the image's
        (height, width) as far as the file says, else None.

    Raises:
        ValueError: If it is no such file.
    """
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        shapes = content['shapes']
        for shape in shapes:
            shape['label'], shape['points']
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{path} is no JSON file of labelme: {error!r}. '
                         'Save it in labelme again.') from error
    return shapes, (content.get('imageHeight'), content.get('imageWidth'))


def fill_shape(shape: dict, size: tuple[int, int]) -> np.ndarray:
    """Return which pixels a shape covers, its outline included.

    Args:
        shape: Of labelme's 'shapes'; what reaches beyond the image is left
            out.
        size: (height, width) of the image in pixels.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: If the shape has no area, as points and lines.
    """
    try:
        return _fill(shape, size)
    except (KeyError, IndexError, TypeError, ValueError,
            AttributeError, cv2.error) as error:
        raise ValueError(
            f'a {shape.get("shape_type")!r} that covers no area ({error}); '
            f'allowed are {", ".join(KINDS)}. Draw it anew in '
            'labelme.') from error


def _fill(shape: dict, size: tuple[int, int]) -> np.ndarray:
    canvas = np.zeros(size, np.uint8)
    points = np.round(np.array(shape['points'], float)).astype(np.int32)
    kind = shape.get('shape_type') or 'polygon'
    if kind == 'polygon' and len(points) > 2:
        cv2.fillPoly(canvas, [points], 1)
    elif kind == 'rectangle':
        (x0, y0), (x1, y1) = points.tolist()
        cv2.rectangle(canvas, (x0, y0), (x1, y1), 1, cv2.FILLED)
    elif kind == 'circle':
        centre, edge = points
        radius = round(float(np.hypot(*(edge - centre))))
        cv2.circle(canvas, centre.tolist(), radius, 1, cv2.FILLED)
    elif kind == 'mask':
        data = np.frombuffer(base64.b64decode(shape['mask']), np.uint8)
        part = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        x, y = points.min(axis=0).tolist()
        # of a part that reaches beyond the image, what lies within
        top, left = max(-y, 0), max(-x, 0)
        part = part[top:size[0] - y, left:size[1] - x]
        y, x = max(y, 0), max(x, 0)
        canvas[y:y + part.shape[0], x:x + part.shape[1]] = part > 0
    else:
        raise ValueError(f'{len(points)} points')
    return canvas.astype(bool)
