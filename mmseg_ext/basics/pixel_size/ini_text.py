"""Text of lines that say key=value."""
from collections.abc import Mapping
from typing import Optional

from .statement import both, to_um


def ini_values(text: str) -> dict[str, str]:
    """Return key, in small letters -> value, whatever the section.

    Of keys that are there twice the first counts.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, sign, value = line.partition('=')
        if sign:
            found.setdefault(key.strip('\0\ufeff \t').casefold(),
                             value.strip('\0 \t'))
    return found


def tescan_sides(values: Mapping[str, str]) -> Optional[tuple[float, float]]:
    """Return width and height of a pixel from TESCAN's values."""
    return both(*(to_um(values.get(f'pixelsize{axis}'), 'm')
                  for axis in 'xy'))
