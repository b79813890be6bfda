"""What a command prints of a file that it refuses."""
from collections.abc import Callable
from pathlib import Path

from mmseg_ext.basics.errors import user_sentence
from mmseg_ext.basics.printable import printable


def sentence(error: Exception, name: str) -> str:
    """Return what is printed: it names the file, and is no traceback.

    Args:
        error: What was raised.
        name: Of the file.
    """
    assert isinstance(error, (OSError, ValueError)), (name, error)
    text = user_sentence(error)
    assert text and 'Traceback' not in text, (name, error)
    assert printable(name) in printable(text), (name, text)
    return text


def refusal(read: Callable[[str], object], path: Path) -> str:
    """Return why a file is refused; '' if it is not."""
    try:
        read(str(path))
    except Exception as error:
        return sentence(error, path.name)
    return ''
