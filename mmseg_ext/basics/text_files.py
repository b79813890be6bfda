"""Text that people and spreadsheets have written: lists, tables, JSON."""
import codecs
import os
import re
from typing import Optional

from .files import read_bytes

# The longer first: UTF-32's mark begins with UTF-16's.
_MARKS = ((codecs.BOM_UTF8, 'utf-8'), (codecs.BOM_UTF32_LE, 'utf-32-le'),
          (codecs.BOM_UTF32_BE, 'utf-32-be'), (codecs.BOM_UTF16_LE,
                                               'utf-16-le'),
          (codecs.BOM_UTF16_BE, 'utf-16-be'))
# What comes with a name that is copied from a page or a chat.
_INVISIBLE = re.compile('^[\u200b\u200e\u200f\u2060]+|'
                        '[\u200b\u200e\u200f\u2060]+$')
_SAMPLE = 4096  # bytes that UTF-16 without a mark is told from


def read_text(path: str | os.PathLike,
              backend_args: Optional[dict] = None) -> str:
    """Read UTF-8, or UTF-16 and UTF-32 as editors on Windows write them.

    Args:
        path: Local file, or an address that mmengine has a backend for.
        backend_args: mmengine's file backend.

    Returns:
        The text without a byte order mark, line ends as in the file.

    Raises:
        OSError: If it cannot be opened.
        ValueError: If it is in another encoding; which one (cp1252, GBK, ...)
            cannot be told, and a guess would make other names of some.
    """
    return decode_text(read_bytes(path, backend_args), path)


def decode_text(data: bytes, path: str | os.PathLike) -> str:
    """Decode the content of a file as :func:`read_text` does.

    Args:
        data: Its content.
        path: Its name, for errors.

    Raises:
        ValueError: If it is in another encoding.
    """
    encoding = _encoding(data)
    try:
        # a mark again: files that were put together of several
        return data.decode(encoding).replace('\ufeff', '')
    except UnicodeDecodeError as error:
        line = data[:error.start].count(b'\n') + 1
        raise ValueError(
            f'{path} is not {encoding.upper()} text (line {line}: '
            f'{data[error.start:error.start + 1]!r}). It was most likely '
            "saved in this computer's own code page: save it as "
            'UTF-8.') from error


def _encoding(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    # Latin letters, digits and line ends of UTF-16 have an empty byte; text
    # has none.
    sample = data[:_SAMPLE]
    empty = [sample[start::2].count(0) for start in (0, 1)]
    if max(empty) > len(sample) / 8 and not min(empty):
        return 'utf-16-le' if empty[1] else 'utf-16-be'
    return 'utf-8'


def read_lines(path: str | os.PathLike,
               backend_args: Optional[dict] = None) -> list[str]:
    """Read a list: its lines without white space around them, none empty.

    Args and Raises: See :func:`read_text`.
    """
    lines = re.split('\r\n|\r|\n', read_text(path, backend_args))
    lines = [_INVISIBLE.sub('', line).strip() for line in lines]
    return [line for line in lines if line]
