"""Names and texts of others, for the console and for tables."""
import re
import unicodedata
from collections.abc import Sequence
from typing import Optional

MAX_LISTED = 5  # names in a sentence
_SUSPECT = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')


def printable(text: str) -> str:
    """Return a text in one line of characters that can be written.

    What moves the cursor, ends a line or is no character (the bytes of a
    file name that are not UTF-8) is written as its number: ``\\r``,
    ``\\xfc``.
    """
    return _SUSPECT.sub(lambda found: _escape(found[0]), text)


def name_fault(name: str) -> Optional[str]:
    """Return why a name cannot stand in a table; None: it can."""
    if printable(name) == name:
        return None
    kinds = {unicodedata.category(character) for character in name}
    what = ('bytes that are not UTF-8' if 'Cs' in kinds else
            'a control character, such as a line\'s end')
    return f'its name holds {what}: rename {printable(name)}'


def _escape(character: str) -> str:
    if '\udc80' <= character <= '\udcff':  # a byte, as Python reads names
        return f'\\x{ord(character) - 0xdc00:02x}'
    return character.encode('unicode_escape').decode()


def counted(number: int, one: str, many: Optional[str] = None) -> str:
    """Write how many there are of something.

    Args:
        number: That.
        one: What a single one is called, and does: 'image has'.
        many: The same of others; None: with an s.

    Returns:
        Such as '1 image has' or '3 images have'.
    """
    return f'{number} {one if number == 1 else many or f"{one}s"}'


def name_some(names: Sequence[str]) -> str:
    """Write the first names and how many more there are."""
    rest = len(names) - MAX_LISTED
    more = f' and {rest} more' if rest > 0 else ''
    return ', '.join(names[:MAX_LISTED]) + more
