"""Hear what C libraries print of a file, in place of the user."""
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STDERR = 2


@contextmanager
def hear() -> Iterator[list[str]]:
    """Catch what libraries print to the standard error stream.

    OpenCV's and Pillow's libjpeg and libtiff say there, and nowhere else,
    that pixels are damaged; and they break into the line of progress. The
    stream is the process's: where other threads run, nothing is caught.

    Yields:
        A list that holds the lines afterwards.
    """
    lines: list[str] = []
    if threading.active_count() > 1:
        yield lines
        return
    try:
        saved = os.dup(STDERR)
    except OSError:  # a window without a console has no such stream
        yield lines
        return
    try:
        with _file() as file:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(file.fileno(), STDERR)
            try:
                yield lines
            finally:
                os.dup2(saved, STDERR)
                file.seek(0)
                text = file.read().decode(errors='replace')
                lines += text.splitlines()
    finally:
        os.close(saved)


def _file():
    if hasattr(os, 'memfd_create'):  # a tenth of the time
        return os.fdopen(os.memfd_create('said'), 'w+b')
    return tempfile.TemporaryFile()
