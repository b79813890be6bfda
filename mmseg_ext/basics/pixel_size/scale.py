"""From what is said of an image to the size of its pixels."""
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple, Optional

from ..information_band import LARGEST
from .statement import Statement

# JEOL's bar is a whole number of some hundred pixels, Zeiss's numbers have
# four digits.
TOLERANCE = 0.02
WAY_OUT = ('Give the right size by --um-per-pixel, or go without by '
           '--um-per-pixel none.')


class Scale(NamedTuple):
    """Size of an image's pixels, and who says so.

    ``um``: side of a pixel in micrometres; None: not known. ``source``:
    such as 'FEI header'; '' if it is not known.
    """
    um: Optional[float] = None
    source: str = ''


UNKNOWN = Scale()


def settle_scale(statements: Sequence[Statement],
                 path: Path,
                 size: tuple[int, int],
                 given: Optional[float] = None) -> Scale:
    """Return the size of an image's pixels.

    Args:
        statements: What is said of it.
        path: Its file, for errors.
        size: Its (height, width) in pixels.
        given: What the user says, in micrometres, which goes before all
            else; what contradicts it stands in the source.

    Raises:
        ValueError: If the statements contradict each other or the image, or
            its pixels are no squares.
    """
    said = [statement for statement in statements if statement.um]
    if given is not None:
        others = [f'the {other.source} says {other.um[0]:.4g}'
                  for other in said if not _is_same(other.um[0], given)]
        return Scale(given, ', '.join(['given', *others]))
    for one in said:
        x, y = one.um
        if not _is_same(x, y):
            raise ValueError(
                f'{path}: the {one.place} says that pixels are {x:.4g} µm '
                f'wide and {y:.4g} µm high; areas and diameters need '
                f'squares. Scale the image so that they are. {WAY_OUT}')
        if one.picture and one.picture[1] != size[1]:
            raise ValueError(
                f'{path} is {size[1]} pixels wide, and the {one.place} is '
                f'about {one.picture[1]}: the image was scaled or cut since, '
                f'and its {x:.4g} µm a pixel may be wrong. {WAY_OUT}')
    for one, other in combinations(said, 2):
        if not _is_same(one.um[0], other.um[0]):
            raise ValueError(
                f'{path}: the {one.place} says that a pixel is '
                f'{one.um[0]:.4g} µm, the {other.place} {other.um[0]:.4g} '
                f'µm. Remove the wrong one. {WAY_OUT}')
    if not said:
        return UNKNOWN
    return Scale(said[0].um[0], said[0].source)


def declared_band(statements: Sequence[Statement],
                  size: tuple[int, int]) -> int:
    """Return the rows below the picture that headers or side files declare.

    Args:
        statements: What is said of the image.
        size: Its (height, width) in pixels.

    Returns:
        0 if nothing is declared that goes with the image, or different
        things are: look at its pixels, then. An image as high as the picture
        may have its band drawn over it.
    """
    height, width = size
    rows = {height - one.picture[0] for one in statements
            if one.picture and one.picture[1] == width}
    rows = {number for number in rows if 0 < number <= LARGEST * height}
    return rows.pop() if len(rows) == 1 else 0


def _is_same(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE * max(one, other)
