"""How long training takes, and how long it will."""
import time
from collections import deque
from collections.abc import Callable
from statistics import mean
from typing import Optional

from mmseg_ext.basics import format_duration


class Pace:
    """Mean time of the latest steps.

    The first step starts processes and fills caches: it counts for nothing.

    Args:
        window: So many steps.
        clock: Seconds that never run backwards.
    """

    def __init__(self,
                 window: int = 100,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._times: deque[float] = deque(maxlen=window)
        self._clock = clock
        self._warm = False
        self.start()

    def start(self) -> None:
        """Begin a step now: what came since the last one is none."""
        self._begun = self._clock()

    def step(self) -> None:
        """End a step and begin the next."""
        now = self._clock()
        if self._warm:
            self._times.append(now - self._begun)
        self._warm = True
        self._begun = now

    @property
    def seconds(self) -> Optional[float]:
        """Seconds of a step, None before the second."""
        return mean(self._times) if self._times else None


def count_validations(done: int, end: int, interval: int,
                      begin: int = 1) -> int:
    """Count the validations that are still to come.

    Args:
        done: Iterations or epochs that are done, with their validation.
        end: Iterations or epochs of the whole training.
        interval: A validation follows each multiple of this, and the end.
        begin: None before this.
    """
    done = max(done, begin - 1)
    if done >= end:
        return 0
    return end // interval - done // interval + (end % interval > 0)


def seconds_left(steps: int,
                 step_seconds: Optional[float],
                 validations: int = 0,
                 validation_seconds: Optional[float] = None
                 ) -> Optional[float]:
    """Estimate the seconds that a training still takes.

    Args:
        steps: Iterations to come.
        step_seconds: Mean time of one, None if unknown.
        validations: Validations to come.
        validation_seconds: Mean time of one; None if unknown, they count for
            nothing then.

    Returns:
        None if the time of an iteration is unknown.
    """
    if step_seconds is None:
        return None
    return steps * step_seconds + validations * (validation_seconds or 0.0)


def pace_parts(pace: Pace, left: Optional[float]) -> list[str]:
    """Word the time of an iteration, and the time left."""
    if pace.seconds is None or left is None:
        return []
    return [f'{pace.seconds:.2f} s/iter' if pace.seconds >= 0.1 else
            f'{pace.seconds:.3f} s/iter', f'{format_duration(left)} left']
