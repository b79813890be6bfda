"""From a file's bytes to the image that a model is shown."""
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics import decode_image, find_information_band, to_8_bit

from .calibration import AUTO, Calibration
from .predictor import LogitModel


@dataclass(frozen=True)
class Preparation:
    """How images are read.

    Attributes:
        bit_depth: Significant bits of 16-bit images; None: all.
        crop_bottom: Rows to cut off the lower edge; 'auto': the information
            band that a header declares or the pixels show.

    Raises:
        ValueError: If an argument is out of its range.
    """
    bit_depth: Optional[int] = None
    crop_bottom: int | str = 0

    def __post_init__(self) -> None:
        if self.bit_depth is not None and not 8 <= self.bit_depth <= 16:
            raise ValueError(f'bit_depth={self.bit_depth}: must be between 8 '
                             'and 16')
        if self.crop_bottom != AUTO and not (
                type(self.crop_bottom) is int and self.crop_bottom >= 0):
            raise ValueError(f"crop_bottom={self.crop_bottom!r}: must be "
                             f"'{AUTO}' or a number of rows")

    @classmethod
    def of(cls, model: LogitModel, bit_depth: Optional[int] = None,
           crop_bottom: int | str | None = None) -> 'Preparation':
        """Return a model's own, but for what is given here."""
        return cls(model.bit_depth if bit_depth is None else bit_depth,
                   model.crop_bottom if crop_bottom is None else crop_bottom)

    def read(self, path: Path, data: bytes) -> tuple[np.ndarray, int]:
        """Return an image of 8 bits, and the rows that were cut off it.

        Args:
            path: Its file.
            data: What is in it.

        Raises:
            OSError: If a side file cannot be read.
            ValueError: If it is no image, or nothing is left of it.
        """
        image = self.decode(path, data)
        rows, _ = Calibration(None, self.crop_bottom).read(
            path, image.shape[:2], data)
        return self.crop(path, image, rows)

    def decode(self, path: Path, data: bytes) -> np.ndarray:
        """Return the whole image of a file, of 8 bits.

        Raises:
            ValueError: If it is no image.
        """
        return to_8_bit(
            decode_image(data, str(path)), str(path), self.bit_depth)

    @staticmethod
    def crop(path: Path, image: np.ndarray, rows: Optional[int]
             ) -> tuple[np.ndarray, int]:
        """Cut rows off an image; return it and their number.

        Args:
            path: Its file, for errors.
            image: The whole one.
            rows: At the lower edge; None: those of an information band that
                the pixels show.

        Raises:
            ValueError: If nothing is left of it.
        """
        if rows is None:
            rows = find_information_band(image)
        if rows >= len(image):
            raise ValueError(f'{path} is {len(image)} rows high: '
                             f'crop_bottom={rows} leaves nothing of it.')
        return image[:len(image) - rows], rows
