"""What the reader of a format says of a file."""
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Optional, Union

import cv2
import numpy as np

# More than this no compression of pictures makes of a byte: zlib 1032, LZW
# 1338, a JPEG of one shade 1024.
GREATEST_RATIO = 1400
SMALL = 2**26  # bytes of pixels that any machine has room for


class Damaged(ValueError):
    """A file that is not as its format demands; the text says where."""


class Unsupported(ValueError):
    """A file that is whole, but no single picture that can be read.

    The text goes on from the file's name: 'holds 3 pages; ...'.
    """


class Indexed(NamedTuple):
    """A picture of indices: (H, W) integers, and (N, 3) uint8 colours.

    The colours are red, green, blue; ``alphas``, (N, ), says how opaque each
    is, 255 in full. None: all are.
    """
    indices: np.ndarray
    colours: np.ndarray
    alphas: Optional[np.ndarray] = None

    def paint(self) -> np.ndarray:
        """Return (H, W, 3) uint8, red, green, blue."""
        return self.colours[self.indices]

    def uses_only(self, palette: Sequence[Sequence[int]]) -> bool:
        """Tell whether every colour that a pixel has is of a palette."""
        known = {tuple(colour) for colour in np.reshape(palette, (-1, 3))}
        if not known:
            return False
        return all(tuple(colour) in known
                   for colour in self.colours[self._used()])

    def is_opaque(self) -> bool:
        """Tell whether every colour that a pixel has is opaque."""
        return self.alphas is None or bool(
            (self.alphas[self._used()] == 255).all())

    def _used(self) -> np.ndarray:
        number = len(self.colours)
        return cv2.calcHist([self.indices], [0], None, [number],
                            [0, number]).ravel() > 0


Pixels = Union[np.ndarray, Indexed]


@dataclass(frozen=True)
class Facts:
    """What the header of a file says.

    Attributes:
        format: Its name, such as 'TIFF'.
        height: Rows, as they are stored.
        width: Columns, as they are stored.
        nbytes: Bytes of the decoded pixels.
        orientation: EXIF's, 1 to 8; see :mod:`..orientation`.
        white_is_zero: Whether the least value means white.
        capacity: Most bytes of pixels that this file can hold; a header
            that says more is damaged.
    """
    format: str
    height: int
    width: int
    nbytes: int
    orientation: int = 1
    white_is_zero: bool = False
    capacity: float = float('inf')


class Reader(ABC):
    """Reads one file of a format.

    Args:
        data: Content of the file.

    Raises:
        Damaged: If the header is not as the format demands.
        Unsupported: If the file holds several pictures.
    """
    facts: Facts
    # whether ``decode`` applies the orientation by itself
    upright = False

    @abstractmethod
    def decode(self, stored: bool) -> Pixels:
        """Return the pixels, (H, W) or (H, W, 3 or 4), as they are stored.

        Args:
            stored: Return the numbers in the file, and indices with their
                colours. Else the picture as viewers show it: white is the
                greatest value, indices are colours, grey of 1, 2 and 4 bits
                is spread over 0 to 255. Colours are blue, green, red, and
                alpha.

        Raises:
            Damaged: If the pixels are not all there.
            Unsupported: If they are of a kind that is not read.
        """


def transparent_mask() -> Unsupported:
    """Return the refusal of a mask that is not opaque everywhere."""
    return Unsupported(
        'has an alpha channel that is not opaque, or a value that counts as '
        'transparent: no class can be told from it. Save the mask without '
        'transparency.')


def several_pages(number: int) -> Unsupported:
    """Return the refusal of a file of several pictures."""
    return Unsupported(f'holds {number} pages; one image is expected. Save '
                       'the page that you mean as a file of its own.')
