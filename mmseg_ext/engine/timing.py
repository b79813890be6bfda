"""Time of a piece of work."""
import time
from collections.abc import Callable

import torch


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call; waits for the GPU."""
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start
