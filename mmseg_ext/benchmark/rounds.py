"""Follow a measurement that goes on for hours."""
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .speed_load import loaded_warning


def follow_rounds(states: Iterable[Any],
                  write: Callable[[Any, Path], tuple[list[Path], str]],
                  out: Path) -> None:
    """Write the tables anew after each round, and print the last ones.

    Args:
        states: What is known after each round; with ``rows``.
        write: Writes the tables of a state to a folder, and returns the
            files and the tables as text.
        out: That folder.

    Raises:
        KeyboardInterrupt: With what to tell the user.
    """
    files, text, rows = [], '', []
    try:
        for state in states:
            files, text = write(state, out)
            rows = state.rows
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f'Interrupted. What was finished is in {out}' if text else
            'Interrupted before a round was finished') from None
    print(f'\n{text}\nWrote {", ".join(map(str, files))}')
    warning = loaded_warning(rows)
    if warning:
        print(f'\nWARNING: {warning}')
