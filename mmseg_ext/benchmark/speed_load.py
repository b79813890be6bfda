"""How much of the machine others take while something is timed."""
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from mmseg_ext.basics.processor import own_cores

STAT = Path('/proc/stat')
IDLE = (3, 4)  # idle and iowait, of the ten numbers of a core
GUEST = 8  # these are in the first two already
FRACTION = 0.05  # of all cores: what a quiet machine stays below
MIN_CORES = 0.1
MIN_SECONDS = 0.2  # the system counts in hundredths of a second


def _busy_seconds() -> float:
    """Return the time that these cores have worked, whoever for."""
    names = {f'cpu{core}' for core in own_cores()}
    ticks = 0
    for line in STAT.read_text().splitlines():
        name, *numbers = line.split()
        if name in names:
            ticks += sum(
                int(number) for i, number in enumerate(numbers[:GUEST])
                if i not in IDLE)
    return ticks / os.sysconf('SC_CLK_TCK')


class OtherLoad:
    """Watch, from now on, what all other processes take of the cores.

    What a hypervisor takes away counts, too; processes that this one has
    waited for meanwhile do not.
    """

    def __init__(self) -> None:
        self.start = self._now()

    def _now(self) -> tuple[float, float]:
        own = os.times()
        others = (
            _busy_seconds() - sum(own[:4])  # own, and children's
            if STAT.is_file() else float('nan'))
        return time.perf_counter(), others

    def stop(self) -> tuple[float, float]:
        """Return the seconds since the start, and those of other processes.

        The second counts a core for each second that it was taken; nan if
        this system does not tell (it needs /proc/stat).
        """
        clock, others = (b - a for a, b in zip(self.start, self._now()))
        return clock, others if others != others else max(others, 0)


def is_loaded(others: float, shortest: float) -> Optional[bool]:
    """Judge whether others took so much that a timing says nothing.

    Args:
        others: Cores that they took on average.
        shortest: The shortest time in seconds that was watched in one go.

    Returns:
        None where the answer is not known: not measured, or too short.
    """
    if others != others or shortest < MIN_SECONDS:
        return None
    return others > max(MIN_CORES, FRACTION * len(own_cores()))


def loaded_warning(rows: Sequence) -> str:
    """Say that others loaded the machine; '' if they did not.

    Args:
        rows: What was timed, each with ``others``, the cores that were
            taken, and ``loaded``, whether that is too much.
    """
    loaded = [row for row in rows if row.loaded]
    if not loaded:
        return ''
    most = max(row.others for row in loaded)
    return (f'The machine was loaded: other processes took up to {most:.1f} '
            f'of {len(own_cores())} cores while {len(loaded)} of '
            f'{len(rows)} times were taken. These times are worth '
            'nothing: end what runs beside, and measure again.')
