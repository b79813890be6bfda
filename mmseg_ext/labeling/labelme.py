"""Masks as labelme's JSON files, to be corrected by hand and read back."""
from pathlib import Path

import numpy as np

from mmseg_ext.basics.labelme_files import ids_to_shapes, write_shapes
from mmseg_ext.basics.shapes import draw_shapes, read_shapes

DEFECT, BACKGROUND = 'defect', 'background'
VALUES = {DEFECT: True, BACKGROUND: False}
ACCEPTED = 'accepted'  # a box to tick in labelme


def mask_to_shapes(mask: np.ndarray) -> list[dict]:
    """Return polygons around a mask's parts, their holes, what is in those...

    A later shape lies over an earlier one; holes are 'background'.

    Args:
        mask: (H, W) bool.
    """
    return ids_to_shapes(mask.astype(np.uint8), (BACKGROUND, DEFECT))


def write_labelme(path: Path, image_path: str, mask: np.ndarray,
                  accepted: bool) -> None:
    """Write a mask for labelme.

    Args:
        path: File to write.
        image_path: Image that it belongs to.
        mask: (H, W) bool; no pixel is a sheet to draw on.
        accepted: Whether the mask counts as it is.
    """
    write_shapes(path, image_path, mask_to_shapes(mask), mask.shape,
                 {ACCEPTED: accepted})


def read_labelme(path: Path,
                 size: tuple[int, int]) -> tuple[np.ndarray, bool]:
    """Read a mask from labelme's file.

    Args:
        path: File to read.
        size: (height, width) of the image in pixels.

    Returns:
        The mask, (H, W) bool, and whether 'accepted' is ticked.

    Raises:
        ValueError: If the file is no such file, belongs to an image of
            another size, or has a shape without an area or with an unknown
            label.
    """
    shapes, accepted = open_labelme(path, size)
    try:
        mask = shapes_to_mask(shapes, size)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
    return mask, accepted


def open_labelme(path: Path,
                 size: tuple[int, int]) -> tuple[list[dict], bool]:
    """Return the shapes in labelme's file, and whether 'accepted' is ticked.

    Args:
        path: File to read.
        size: (height, width) of the image in pixels.

    Raises:
        ValueError: If the file is no such file, or belongs to an image of
            another size.
    """
    shapes, found, flags = read_shapes(path)
    if None in found:
        raise ValueError(f'{path} is no JSON file of labelme: it lacks the '
                         "image's size. Save it in labelme again.")
    if found != tuple(size):
        raise ValueError(f'{path} belongs to an image of {found[0]} x '
                         f'{found[1]} (height x width) pixels; this one has '
                         f'{size[0]} x {size[1]}.')
    return shapes, bool(flags.get(ACCEPTED))


def shapes_to_mask(shapes: list[dict], size: tuple[int, int]) -> np.ndarray:
    """Draw shapes, the later over the earlier: (H, W) bool.

    Raises:
        ValueError: If a shape has no area or an unknown label.
    """
    return draw_shapes(shapes, size, VALUES).astype(bool)
