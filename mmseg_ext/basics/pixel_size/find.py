"""All that is said of an image, in its header and beside it."""
import io
from pathlib import Path
from typing import Optional

from .scale import settle_scale
from .side_files import candidates, side_statement
from .statement import Statement

TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')


def read_statements(path: Path,
                    data: Optional[bytes] = None) -> tuple[Statement, ...]:
    """Return what header and side files say of an image.

    Args:
        path: Its file.
        data: The file's content; None: it is read.

    Returns:
        Headers first; those that say nothing are left out.

    Raises:
        OSError: If the file or a side file cannot be read.
    """
    if data is None:
        with open(path, 'rb') as file:
            start = file.read(4)
    else:
        start = data[:4]
    found = []
    if start in TIFF:
        from .tiff_headers import tiff_statements  # tifffile takes its time

        found += tiff_statements(
            str(path) if data is None else io.BytesIO(data))
    found += filter(None, map(side_statement, candidates(path)))
    return tuple(said for said in found if said.um or said.picture)


def known_um(path: Path, size: tuple[int, int],
             given: Optional[float] = None) -> Optional[float]:
    """Return the size of an image's pixels, for a picture of it.

    Args:
        path: Its file.
        size: Its (height, width) in pixels.
        given: What the user says.

    Returns:
        Micrometres; None if nothing tells it, or what does is contradictory.
    """
    if given is not None:
        return given
    try:
        return settle_scale(read_statements(path), path, size).um
    except (OSError, ValueError):
        return None


def side_files(path: Path) -> list[Path]:
    """Return the files beside an image that tell the size of its pixels.

    Raises:
        OSError: If one of them cannot be read.
    """
    return [file for file in candidates(path)
            if side_statement(file) is not None]
