"""Read the tags of TIFF files."""
import struct
from collections.abc import Iterator
from typing import Optional

from .facts import Damaged

NEW_SUBFILE, OLD_SUBFILE, SUB_DIRECTORIES = 254, 255, 330
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
FILL_ORDER, DESCRIPTION, ORIENTATION = 266, 270, 274
STRIPS, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES = 273, 277, 278, 279
PLANAR, PREDICTOR, COLOUR_MAP = 284, 317, 320
TILE_WIDTH, TILE_HEIGHT, TILES, TILE_SIZES = 322, 323, 324, 325
EXTRA_SAMPLES, SAMPLE_FORMAT, XMP, DEPTH = 338, 339, 700, 32997
READ = {
    NEW_SUBFILE, OLD_SUBFILE, SUB_DIRECTORIES, WIDTH, HEIGHT, BITS,
    COMPRESSION, PHOTOMETRIC, FILL_ORDER, DESCRIPTION, ORIENTATION, STRIPS,
    SAMPLES, ROWS_PER_STRIP, STRIP_SIZES, PLANAR, PREDICTOR, COLOUR_MAP,
    TILE_WIDTH, TILE_HEIGHT, TILES, TILE_SIZES, EXTRA_SAMPLES, SAMPLE_FORMAT,
    XMP, DEPTH
}
# Type -> its code for struct; of the others no tag is read here.
CODES = {1: 'B', 2: 's', 3: 'H', 4: 'I', 13: 'I', 16: 'Q', 18: 'Q'}
TEXT = 2
BYTES = (1, 7)  # the second: of any meaning
REDUCED, MASK = 1, 4  # bits of NewSubfileType
OLD_REDUCED = 2
MOST_PAGES = 2**16

Tags = dict[int, tuple]


class Directories:
    """The directories of tags of a TIFF or BigTIFF file.

    Args:
        data: Content of the file.

    Attributes:
        order: Of the bytes, '<' or '>'.
        pages: Tags -> values of every page in full, thumbnails and masks
            of transparency left out; at least one.
        place: Where the directory of the first of them begins.

    Raises:
        Damaged: If a directory is not where the file says.

    Reference:
        TIFF, revision 6.0, 1992, section 2; the BigTIFF design, 2004.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.order = {b'II': '<', b'MM': '>'}[data[:2]]
        version, = self._unpack('H', 2)
        self.big = version == 43
        first, = self._unpack('Q', 8) if self.big else self._unpack('I', 4)
        every = list(self._walk(first))
        if not every:
            raise Damaged('it has no directory of tags')
        full = [(place, tags) for place, tags in every if _is_full(tags)]
        if not full:  # as cameras write: the picture is a level below
            below = [place for _, tags in every
                     for place in tags.get(SUB_DIRECTORIES, ())]
            full = [(place, tags) for start in below
                    for place, tags in self._walk(start) if _is_full(tags)]
        full = full or every
        self.place = full[0][0]
        self.pages = [tags for _, tags in full]

    def beginning_with(self, place: int) -> bytes:
        """Return the file as if this directory were its first."""
        code, where = ('Q', 8) if self.big else ('I', 4)
        first = struct.pack(self.order + code, place)
        if self.data.startswith(first, where):
            return self.data
        return b''.join([self.data[:where], first,
                         self.data[where + len(first):]])

    def _walk(self, place: int) -> Iterator[tuple[int, Tags]]:
        seen: set[int] = set()
        while place:
            if place in seen or len(seen) > MOST_PAGES:
                raise Damaged('its directories of tags go round in a circle')
            seen.add(place)
            tags, following = self._read(place)
            yield place, tags
            place = following

    def _unpack(self, code: str, place: int) -> tuple:
        try:
            return struct.unpack_from(self.order + code, self.data, place)
        except struct.error as error:
            raise Damaged('its directory of tags is cut off') from error

    def _read(self, place: int) -> tuple[Tags, int]:
        """Return the tags of a directory, and where the next one is."""
        count, = self._unpack('Q' if self.big else 'H', place)
        place += 8 if self.big else 2
        size = 20 if self.big else 12
        if place + count * size > len(self.data):
            raise Damaged('its directory of tags is cut off')
        tags: Tags = {}
        for entry in range(place, place + count * size, size):
            tag, kind, number = self._unpack('HHQ' if self.big else 'HHI',
                                             entry)
            if tag == XMP and kind in BYTES:
                kind = TEXT
            text = tag in (DESCRIPTION, XMP)
            if tag in READ and kind in CODES and (kind == TEXT) == text:
                found = self._values(kind, number, entry)
                if tags.setdefault(tag, found) != found:
                    raise Damaged(f'its tag {tag} is there twice')
        place += count * size
        following, = self._unpack('Q' if self.big else 'I', place)
        return tags, following

    def _values(self, kind: int, number: int, entry: int) -> tuple:
        code, room = CODES[kind], 8 if self.big else 4
        place = entry + (12 if self.big else 8)
        size = number * struct.calcsize(f'<{code}')
        if size > room:
            place, = self._unpack('Q' if self.big else 'I', place)
        if place + size > len(self.data):
            raise Damaged('one of its tags lies beyond its end')
        return self._unpack(f'{number}{code}', place)


def _is_full(tags: Tags) -> bool:
    """Tell whether a page is neither a thumbnail nor a mask of another."""
    kind = value(tags, NEW_SUBFILE, 0)
    old = value(tags, OLD_SUBFILE, 0)
    return not kind & (REDUCED | MASK) and old != OLD_REDUCED


def value(tags: Tags, tag: int, default: Optional[int] = None) -> int:
    """Return the first value of a tag.

    Raises:
        Damaged: If it is missing and has no default.
    """
    found = tags.get(tag)
    if found:
        return found[0]
    if default is None:
        raise Damaged(f'its tag {tag} is missing')
    return default
