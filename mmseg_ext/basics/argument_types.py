"""Types of options whose values have a range, checked before heavy imports."""
import argparse
import math
import re
from collections.abc import Callable
from typing import Optional


def number(kind: type,
           low: Optional[float] = None,
           high: Optional[float] = None,
           above: Optional[float] = None) -> Callable:
    """Return an option's type for finite numbers in a range.

    Args:
        kind: int or float.
        low: Least value.
        high: Greatest value.
        above: What the value must be greater than, in place of ``low``.
    """
    def read(text: str):
        value = kind(text)
        if not (math.isfinite(value)
                and (low is None or value >= low)
                and (above is None or value > above)
                and (high is None or value <= high)):
            raise argparse.ArgumentTypeError(
                f'{text}: must be {_describe(low, high, above)}')
        return value

    read.__name__ = kind.__name__  # for what argparse says of 'abc'
    return read


def _describe(low: Optional[float], high: Optional[float],
              above: Optional[float]) -> str:
    if above is not None:
        return f'above {above:g}' + (
            '' if high is None else f' and {high:g} at most')
    if low is None:
        return 'a finite number'
    return f'at least {low:g}' if high is None else f'from {low:g} to {high:g}'


def expression(text: str) -> str:
    """Return a regular expression as it was given: the type of an option."""
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no regular expression: {error}') from None
    return text


def pixel_size(text: str) -> float | str | None:
    """Read micrometres, 'auto' or 'none': the type of an option."""
    if text in ('auto', 'none'):
        return {'auto': 'auto', 'none': None}[text]
    try:
        return number(float, above=0)(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r}: must be a number of micrometres, 'auto' or 'none'"
        ) from None


def crop_rows(text: str) -> int | str:
    """Read a number of rows, or 'auto': the type of an option."""
    if text == 'auto':
        return text
    try:
        return number(int, low=0)(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r}: must be a number of rows or 'auto'") from None


def reading_options(bit_depth: Optional[int] = None,
                    crop_bottom: int | str | None = None) -> list[str]:
    """Return how images are read, for a command that is printed.

    Args:
        bit_depth, crop_bottom: As they were given; None: as in training.
    """
    return [word for name, value in (
        ('--bit-depth', bit_depth), ('--crop-bottom', crop_bottom))
        if value is not None for word in (name, str(value))]
