"""The memory of all that this process starts."""
import os
import threading
from collections.abc import Container
from pathlib import Path

PROC = Path('/proc')
PERIOD = 0.2  # seconds between two looks


def _parents() -> dict[int, int]:
    """Return process -> the one that started it, of all there are."""
    found = {}
    for folder in PROC.glob('[0-9]*'):
        try:
            # the name before it may hold anything: brackets, half a letter
            fields = (folder / 'stat').read_bytes().rpartition(b')')[2]
        except OSError:
            continue  # it has ended meanwhile
        found[int(folder.name)] = int(fields.split()[1])
    return found


def descendants(root: int, but: Container[int] = ()) -> list[int]:
    """Return all processes that descend from one.

    Args:
        root: That one.
        but: Leave these out, with all that descend from them.
    """
    parents, tree = _parents(), [root]
    for one in tree:  # it grows
        tree += [child for child, parent in parents.items()
                 if parent == one and child not in but]
    return tree[1:]


def memory_of(process: int) -> int:
    """Return bytes in memory; what N processes share counts 1 / N.

    0 if the process has ended, or is another user's.
    """
    try:
        text = (PROC / str(process) / 'smaps_rollup').read_bytes()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in text.splitlines()
                 if line.startswith(b'Pss:')), 0)


class PeakMemory:
    """Watches, within ``with``, the memory of what is started within it.

    Attributes:
        peak: Most bytes that all of it held at once, seen five times a
            second; 0 where the system does not tell (it needs /proc).
    """

    def __init__(self) -> None:
        self.peak = 0
        self._before: frozenset[int] = frozenset()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._ended.wait(PERIOD):
            self.peak = max(self.peak, sum(map(
                memory_of, descendants(os.getpid(), self._before))))

    def __enter__(self) -> 'PeakMemory':
        self._before = frozenset(descendants(os.getpid()))
        self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._ended.set()
        self._thread.join()
