"""The memory of a process and of all that it starts, watched from outside."""
import threading
from pathlib import Path

PROC = Path('/proc')
PERIOD = 0.2  # seconds


def _parents() -> dict[int, int]:
    """Return process -> the one that started it, of all there are."""
    found = {}
    for folder in PROC.glob('[0-9]*'):
        try:
            # the name before it may hold anything, brackets too
            fields = (folder / 'stat').read_text().rpartition(')')[2].split()
        except OSError:
            continue  # it has ended meanwhile
        found[int(folder.name)] = int(fields[1])
    return found


def tree_of(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents, tree = _parents(), [root]
    for one in tree:  # it grows
        tree += [child for child, parent in parents.items() if parent == one]
    return tree


def memory_of(process: int) -> int:
    """Return bytes in memory; what N processes share counts 1 / N.

    0 if the process has ended, or is another user's.
    """
    try:
        text = (PROC / str(process) / 'smaps_rollup').read_text()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in text.splitlines()
                 if line.startswith('Pss:')), 0)


class PeakMemory:
    """Watches, within ``with``, the memory of a process and its descendants.

    Attributes:
        peak: Most bytes that all of them held at once; 0 where the system
            does not tell (it needs /proc).
    """

    def __init__(self, root: int) -> None:
        self.root = root
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._ended.wait(PERIOD):
            self.peak = max(self.peak, sum(map(memory_of, tree_of(self.root))))

    def __enter__(self) -> 'PeakMemory':
        self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._ended.set()
        self._thread.join()
