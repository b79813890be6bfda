"""What labelme's polygons say about phases."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmseg_ext.basics.labelme_files import IGNORE, IGNORE_INDEX
from mmseg_ext.basics.shapes import draw_shapes


class DrawnPhases(NamedTuple):
    """What polygons say.

    ``ids``: (H, W) uint8. ``clipped``: how many polygons reach beyond the
    image, where they are cut off.
    """
    ids: np.ndarray
    clipped: int


def shapes_to_ids(shapes: Sequence[dict], size: tuple[int, int],
                  classes: Sequence[str], base: int) -> DrawnPhases:
    """Draw shapes, the later over the earlier, on a sheet of the base.

    Args:
        shapes: Of labelme's file.
        size: (height, width) of the image in pixels.
        classes: Names, in the order of the ids; 'ignore' is no label.
        base: Class id of what no shape covers.

    Raises:
        ValueError: If a shape has no area in the image or an unknown label.
    """
    values = {IGNORE: IGNORE_INDEX,
              **{name: i for i, name in enumerate(classes)}}
    ids = draw_shapes(shapes, size, values, base)
    return DrawnPhases(ids, sum(_reaches_out(shape, size)
                                for shape in shapes))


def _reaches_out(shape: dict, size: tuple[int, int]) -> bool:
    points = np.round(np.array(shape['points'], float))
    return bool((points < 0).any() or (points >= size[::-1]).any())
