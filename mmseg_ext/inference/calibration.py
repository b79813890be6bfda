"""What headers and side files mean for a run of predictions."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmseg_ext.basics.pixel_size import (
    UNKNOWN,
    Scale,
    declared_band,
    read_statements,
    settle_scale,
    side_files,
)

from .result_store import ResultStore

AUTO = 'auto'


@dataclass(frozen=True)
class Calibration:
    """How the scale of an image and the height of its band are known.

    Attributes:
        um_per_pixel: Side of a pixel in micrometres; 'auto': what is said of
            each image; None: nothing is measured.
        crop_bottom: Rows to cut off the lower edge, or 'auto'.
    """
    um_per_pixel: float | str | None
    crop_bottom: int | str

    def read(self, path: Path, size: tuple[int, int],
             data: Optional[bytes] = None) -> tuple[Optional[int], Scale]:
        """Return rows to cut off an image, and the size of its pixels.

        Args:
            path: Its file.
            size: Its (height, width) in pixels.
            data: The file's content; None: it is read.

        Returns:
            The rows are None where the image's pixels are to tell them.

        Raises:
            OSError: If it, or a side file, cannot be read.
            ValueError: If what is said of it is contradictory.
        """
        rows = self.crop_bottom
        if not self._reads:
            return rows, UNKNOWN
        said = read_statements(path, data)
        if rows == AUTO:
            rows = declared_band(said, size) or None
        if self.um_per_pixel is None:
            return rows, UNKNOWN
        given = None if self.um_per_pixel == AUTO else self.um_per_pixel
        return rows, settle_scale(said, path, size, given)

    @property
    def _reads(self) -> bool:
        return self.crop_bottom == AUTO or self.um_per_pixel is not None

    def is_as_said(self, path: Path, row: Mapping[str, str]) -> bool:
        """Return whether an image was measured as would be now.

        Args:
            path: Its file.
            row: Its line of ``images.csv``.
        """
        cropped = int(row['cropped_rows'])
        size = int(row['height']) + cropped, int(row['width'])
        try:
            rows, scale = self.read(path, size)
        except (OSError, ValueError):
            return False  # what is wrong is said when it is predicted
        return rows in (None, cropped) and ResultStore.scale_cells(scale) == (
            row['um_per_pixel'], row['scale_source'])

    def others(self, files: tuple[Path, ...],
               images: Iterable[Path]) -> tuple[Path, ...]:
        """Return those of other files that are not read beside an image."""
        if not files or not self._reads:
            return files
        left = {*files}
        for path in images:
            try:
                left.difference_update(side_files(path))
            except OSError:
                continue  # the image has failed, and says why
        return tuple(sorted(left))
