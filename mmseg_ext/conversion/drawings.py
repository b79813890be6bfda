"""What annotation programs have drawn on an image: shapes with a label."""
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Optional, Union

import numpy as np

from mmseg_ext.basics.annotation_files import COCO, read_annotations
from mmseg_ext.basics.shapes import (
    ShapeFile,
    fill_shape,
    label_of,
    shapes_of,
)

from .coco import CocoFile, fill_annotation


@dataclass(frozen=True)
class Drawn:
    """A shape.

    Attributes:
        name: What to call it in an error.
        label: Its class, in the words of whoever drew it.
        fill: From the (height, width) of the image in pixels to the pixels
            that it covers, (H, W) bool; raises ValueError if there are none.
    """
    name: str
    label: str
    fill: Callable[[tuple[int, int]], np.ndarray]


@dataclass(frozen=True)
class Drawing:
    """All shapes of an image.

    Attributes:
        shapes: The later lie over the earlier.
        size: (height, width) of the image; None where the file has none.
    """
    shapes: list[Drawn]
    size: tuple[Optional[int], Optional[int]]


def read_drawing(path: str, image: str) -> Drawing:
    """Read what was drawn on an image.

    Args:
        path: JSON file of labelme, or of COCO for many images.
        image: Path of the image, by whose name it is found in the latter.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If it cannot be read, or has no such image.
    """
    content = open_annotations(path)
    if isinstance(content, CocoFile):
        image_id = content.find(image)
        if image_id is None:
            raise ValueError(f'{path} has no image of the name of {image}.')
        return Drawing([
            Drawn(name, label, partial(fill_annotation, annotation))
            for name, label, annotation in content.annotations(image_id)
        ], content.size(image_id))
    shapes = []
    for i, shape in enumerate(content.shapes):
        try:
            label = label_of(shape)
        except ValueError as error:
            raise ValueError(f'{path}: shape {i} is {error}. Name it in '
                             'the annotation program.') from error
        shapes.append(Drawn(f'shape {i}', label, partial(fill_shape, shape)))
    return Drawing(shapes, content.size)


def open_annotations(path: str) -> Union[CocoFile, ShapeFile]:
    """Read a JSON file; one for many images is read once.

    Raises:
        OSError: If it cannot be opened.
        ValueError: If it is of neither format.
    """
    status = os.stat(path)
    return _open(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4)  # a file for each part of a set
def _open(path: str, *_) -> Union[CocoFile, ShapeFile]:
    kind, content = read_annotations(path)
    if kind == COCO:
        return CocoFile(path, content)
    return shapes_of(path, content)
