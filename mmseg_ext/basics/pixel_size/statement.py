"""What one header or side file says of an image."""
import math
from dataclasses import dataclass
from typing import Optional

UNITS = {'m': 1e6, 'mm': 1e3, 'um': 1.0, 'nm': 1e-3, 'pm': 1e-6,
         'micron': 1.0, 'microns': 1.0, 'micrometer': 1.0, 'micrometre': 1.0,
         'nanometer': 1e-3, 'nanometre': 1e-3, 'angstrom': 1e-4}
# The micro sign, the Greek letter, and ImageJ's spelling of the first.
MICRO = ('\xb5', '\u03bc', '\\u00b5', '\\u03bc')


@dataclass(frozen=True)
class Statement:
    """What one header or side file says of an image.

    Attributes:
        source: Who says it, such as 'FEI header'.
        um: Width and height of a pixel in micrometres; None: not said.
        picture: (height, width) in pixels of what was scanned, without an
            information band; None: not said.
        file: Name of the side file; None: a header.
    """
    source: str
    um: Optional[tuple[float, float]] = None
    picture: Optional[tuple[int, int]] = None
    file: Optional[str] = None

    @property
    def place(self) -> str:
        """Who says it, and where."""
        return self.source + (f' ({self.file})' if self.file else '')


def to_um(value: float | str | None, unit: Optional[str]) -> Optional[float]:
    """Return a length in micrometres.

    Args:
        value: A number, or its text.
        unit: Such as 'nm'. Inches and centimetres are no units here: they
            are those of a printer's resolution, which ImageJ keeps.

    Returns:
        None if it is no length above 0, as instruments write where they are
        not calibrated.
    """
    unit = (unit or '').strip().casefold()
    for sign in MICRO:
        unit = unit.replace(sign, 'u')
    try:
        length = float(value) * UNITS[unit]
    except (KeyError, OverflowError, TypeError, ValueError):
        return None
    return length if math.isfinite(length) and length > 0 else None


def both(x: Optional[float],
         y: Optional[float]) -> Optional[tuple[float, float]]:
    """Return the sides of a pixel, one for both where one is not said."""
    if x is None or y is None:
        x = y = x if y is None else y
    return None if x is None else (x, y)
