"""Standard output with one line that is written over and over."""
import shutil
import sys
import time
import unicodedata
from collections.abc import Callable
from typing import Optional, TextIO

REDRAWN = 0.2  # seconds between two states of the line on a terminal
OFTEN, SELDOM = 10, 600  # seconds between whole lines: at least, at most


class Console:
    """A stream for whole lines, and a line that shows how far work is.

    On a terminal that line is rewritten in place, and makes room for what
    else is written. What a stream's encoding does not have comes as its
    number.

    Args:
        stream: Text stream; standard output if None.
    """

    def __init__(self, stream: Optional[TextIO] = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._drawn = 0  # columns of the line that is in place
        self.in_place = self._stream.isatty()
        self._told = time.monotonic()

    @property
    def closed(self) -> bool:
        """Whether the stream is closed, which mmengine's MLflow asks."""
        return self._stream.closed

    def write(self, text: str) -> None:
        """Write as to a stream, where no line in place is left."""
        self.clear()
        self._put(text)

    def print(self, line: str = '') -> None:
        """Write a whole line at once."""
        self.write(f'{line}\n')
        self.flush()

    def draw(self, line: str) -> None:
        """Write a line in place of the last one that was drawn.

        Without a terminal it is a whole line, which stays.
        """
        if not self.in_place:
            return self.print(line)
        # A line that wraps cannot be rewritten.
        line, columns = _cut(self._printable(line), max(
            shutil.get_terminal_size().columns - 1, 20))
        self._put(f'\r{line}{" " * (self._drawn - columns)}')
        self._drawn = columns
        self.flush()

    def tell(self, line: str) -> None:
        """Draw a line; without a terminal one in ten seconds at most."""
        now = time.monotonic()
        if self.in_place or now - self._told >= OFTEN:
            self.draw(line)
            self._told = now

    def clear(self) -> None:
        """Take the line that is in place away."""
        if self._drawn:
            self._put(f'\r{" " * self._drawn}\r')
            self._drawn = 0

    def flush(self) -> None:
        self._stream.flush()

    def _put(self, text: str) -> None:
        self._stream.write(self._printable(text))

    def _printable(self, text: str) -> str:
        encoding = getattr(self._stream, 'encoding', None) or 'utf-8'
        return text.encode(encoding, 'backslashreplace').decode(encoding)


def _cut(text: str, most: int) -> tuple[str, int]:
    """Return what of a text fits in columns of a terminal, and its columns.

    Chinese letters take two, accents of their own none.
    """
    columns = 0
    for i, letter in enumerate(text):
        width = (0 if unicodedata.combining(letter) else
                 2 if unicodedata.east_asian_width(letter) in 'WF' else 1)
        if columns + width > most:
            return text[:i], columns
        columns += width
    return text, columns


class Progress:
    """Draw how far work is: often in place, seldom where lines stay.

    Where they stay there is one after ten seconds, one after each tenth of
    the work or ten minutes, and no two within ten seconds.

    Args:
        console: Where to.
        total: Steps of the work.
        done: Steps that were done before.
        clock: Seconds that never run backwards.
    """

    def __init__(self,
                 console: Console,
                 total: int,
                 done: int = 0,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._total, self._done = max(total, 1), done
        self._first = True
        self._last = clock()

    def show(self, done: int, line: Callable[[], str]) -> None:
        """Draw ``line()`` if it is time to.

        Args:
            done: Steps that are done by now.
            line: Words the line; called only where it is drawn.
        """
        if self._due(done):
            self._console.draw(line())
            self._first, self._last = False, self._clock()
            self._done = done

    def _due(self, done: int) -> bool:
        since = self._clock() - self._last
        if self._console.in_place:
            return self._first or since >= REDRAWN
        tenth, last = (10 * steps // self._total
                       for steps in (done, self._done))
        return since >= OFTEN and (
            self._first or tenth > last or since >= SELDOM)


def count_progress(what: str) -> Callable[[int, int], None]:
    """Return a function that draws how many things of a kind are done.

    Args:
        what: Their name, such as 'images'.

    Returns:
        Called with (done, total); after the last one the line is whole.
    """
    console = Console()
    bars: list[Progress] = []

    def show(done: int, total: int) -> None:
        if not bars:
            bars.append(Progress(console, total))
        line = f'{done} of {total} {what}'
        if done == total:
            bars.clear()
            console.clear()
            console.print(line)
        else:
            bars[0].show(done, lambda: line)

    return show
