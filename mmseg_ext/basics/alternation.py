"""Times of several works, measured in turn."""
import time
from collections.abc import Callable

import numpy as np

WARM_UPS, REPEATS = 2, 7


def wall_seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternate(*works: Callable[[], object],
              seconds: Callable[[Callable], float] = wall_seconds,
              repeats: int = REPEATS
              ) -> tuple[list[float], list[float]]:
    """Time some works in turn, so that all meet the same disturbances.

    Args:
        *works: Each is called without arguments, twice before it counts.
        seconds: Returns the time of one call.
        repeats: How often each is timed.

    Returns:
        Median seconds of each, and median ratio of its time to the first's.
    """
    times = np.array([[seconds(work) for work in works]
                      for _ in range(WARM_UPS + repeats)])[WARM_UPS:]
    return (np.median(times, axis=0).tolist(),
            np.median(times / times[:, :1], axis=0).tolist())
