"""Checks of arguments, whose errors name argument, value and what is allowed.
"""
import inspect
from collections.abc import Callable, Collection, Sequence


def check_choice(name: str, value, allowed: Collection) -> None:
    """Raise ValueError if a value is not among those that are allowed."""
    if value not in allowed:
        raise ValueError(
            f'{name}={value!r}: must be one of {tuple(allowed)}')


def check_at_least(low: float, **values: float) -> None:
    """Raise ValueError with the name of a number below ``low``, or NaN."""
    for name, value in values.items():
        if not value >= low:
            raise ValueError(f'{name}={value!r}: must be at least {low}')


def check_channels(name: str, channels: Sequence[int], least: int,
                   meaning: str) -> None:
    """Raise ValueError if it is no list of positive integers.

    Args:
        name: The argument's name.
        channels: Its value.
        least: How many integers it must have.
        meaning: What each stands for, the end of the error's sentence.
    """
    if (not isinstance(channels, Sequence) or len(channels) < least
            or not all(isinstance(c, int) and c > 0 for c in channels)):
        raise ValueError(f'{name}={channels!r}: must be {least} or more '
                         f'positive integers, {meaning}')


def arguments_of(made: Callable) -> list[str]:
    """Return the names of what a class or a function can be given by name.

    Those of a class's bases are among them as long as each hands on what it
    does not know.
    """
    names: list[str] = []
    calls = [made]
    if isinstance(made, type):
        calls = [vars(kind)['__init__'] for kind in made.__mro__[:-1]
                 if '__init__' in vars(kind)]
    for call in calls:
        parameters = list(inspect.signature(call).parameters.values())
        parameters = parameters[isinstance(made, type):]  # without self
        names += [one.name for one in parameters if one.kind in (
            one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
        if not any(one.kind == one.VAR_KEYWORD for one in parameters):
            break
    return list(dict.fromkeys(names))
