"""Short names of keys and candidates."""
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Return the last part of each key, or more of it where two share that.
    """
    keys = list(keys)
    names = {}
    for key in keys:
        parts = key.split('.')
        for length in range(1, len(parts) + 1):
            name = '.'.join(parts[-length:])
            if Counter('.'.join(other.split('.')[-length:])
                       for other in keys)[name] == 1:
                break
        names[key] = name
    return names


def written(value) -> str:
    """Write a value for a table."""
    return f'{value:.4g}' if isinstance(value, float) else str(value)


def describe(keys: Iterable[str], values: Mapping[str, Any]) -> str:
    """Write a candidate: 'direction=forward, lr=0.001'."""
    return ', '.join(f'{name}={written(values[key])}'
                     for key, name in short_names(keys).items())
