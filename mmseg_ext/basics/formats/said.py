"""Hear what C libraries print of a file, in place of the user."""
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STDERR = 2
# What libjpeg, libtiff, libpng and OpenCV say has one of these in it; by
# 'tempfile.tif' Pillow's libtiff means the file.
_LIBRARIES = re.compile(
    r'JPEG|TIFF|tempfile\.tif|libpng|\w(Decode|Encode|Setup)\w*:|'
    r'\[ ?(WARN|ERROR|INFO)')
_LOCK = threading.Lock()


@contextmanager
def hear() -> Iterator[list[str]]:
    """Catch what libraries print to the standard error stream.

    OpenCV's and Pillow's libjpeg and libtiff say there, and nowhere else,
    that pixels are damaged; and they break into the line of progress. The
    stream is the process's: what other threads write meanwhile is passed on
    afterwards, told apart by its words.

    Yields:
        A list that holds the lines afterwards.
    """
    lines: list[str] = []
    try:
        saved = os.dup(STDERR)
    except OSError:  # a window without a console has no such stream
        yield lines
        return
    try:
        # a loading process of torch's has a thread beside the one that reads
        with _LOCK, _file() as file:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(file.fileno(), STDERR)
            try:
                yield lines
            finally:
                os.dup2(saved, STDERR)
                file.seek(0)
                _share_out(file.read(), lines, saved)
    finally:
        os.close(saved)


def _share_out(written: bytes, lines: list[str], stderr: int) -> None:
    """Keep the libraries' lines, and pass others on."""
    others = b''
    for line in written.splitlines(keepends=True):
        text = line.decode(errors='replace').rstrip('\r\n')
        if not text.strip():
            continue  # whose it is cannot be told
        if threading.active_count() == 1 or _LIBRARIES.search(text):
            lines.append(text)
        else:
            others += line
    if others:
        os.write(stderr, others)


def _file():
    if hasattr(os, 'memfd_create'):  # a tenth of the time
        return os.fdopen(os.memfd_create('said'), 'w+b')
    return tempfile.TemporaryFile()
