"""Read TIFF files."""
import math
import re
from functools import cached_property

import cv2
import numpy as np

from . import tiff_tags as tag
from .facts import (
    GREATEST_RATIO,
    SMALL,
    Damaged,
    Facts,
    Indexed,
    Pixels,
    Reader,
    Unsupported,
    several_pages,
    transparent_mask,
)
from .metadata import find_orientation
from .pillow import coded_colours, decode_by_pillow
from .tiff_parts import (
    EXPANDED,
    JPEG,
    LZMA,
    NONE,
    PREDICTED,
    REVERSED,
    ZSTANDARD,
    Layout,
    check_jpegs,
    expand,
    undo_float_prediction,
    undo_prediction,
    unpack_bits,
)
from .tiff_tags import Directories, value

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
OTHER_COLOURS = {8: 'CIELAB', 9: 'ICCLAB', 10: 'ITULAB',
                 32803: 'a colour filter array', 32844: 'LogL',
                 32845: 'LogLuv', 34892: 'linear raw data'}
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4
KINDS = {UNSIGNED: 'u', SIGNED: 'i', FLOAT: 'f', UNDEFINED: 'u'}
ALPHA = (1, 2)  # of ExtraSamples
CCITT = (2, 3, 4)


class TiffReader(Reader):
    """Reads TIFF files of one page, thumbnails and the like not counted.

    Uncompressed and zlib, LZW, PackBits, LZMA and Zstandard strips and tiles
    of any depth are read here; of other compressions Pillow decodes what it
    knows.

    Reference:
        TIFF, revision 6.0, 1992.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.directories = Directories(data)
        self.order, self.tags = (self.directories.order,
                                 self.directories.pages[0])
        self._count_pages(len(self.directories.pages))
        self.height = value(self.tags, tag.HEIGHT)
        self.width = value(self.tags, tag.WIDTH)
        self.samples = value(self.tags, tag.SAMPLES, 1)
        depths = set(self.tags.get(tag.BITS, (1, )))
        self.bits = max(depths)
        self.compression = value(self.tags, tag.COMPRESSION, NONE)
        self.photometric = value(
            self.tags, tag.PHOTOMETRIC, RGB if self.samples in (3, 4) else
            WHITE_IS_ZERO if self.compression in CCITT else BLACK_IS_ZERO)
        self.planar = value(self.tags, tag.PLANAR, 1) == 2
        # others have none, whatever the tag says
        self.predictor = value(self.tags, tag.PREDICTOR, 1) if (
            self.compression in PREDICTED) else 1
        self.format = value(self.tags, tag.SAMPLE_FORMAT, UNSIGNED)
        orientation = value(
            self.tags, tag.ORIENTATION,
            find_orientation(None, b''.join(self.tags.get(tag.XMP, ()))))
        if not (self.height and self.width and self.samples and self.bits):
            raise Damaged(
                f'its tags say {self.width} x {self.height} pixels of '
                f'{self.samples} samples of {self.bits} bits')
        if self.bits > 64:
            raise Damaged(f'its tags say {self.bits} bits')
        if len(depths) > 1:
            raise Unsupported('has channels of different depths: '
                              f'{sorted(depths)} bits. Save it with equal '
                              'ones.')
        # of both Pillow makes RGB, and turns it by the tag
        self.by_pillow = (self.compression not in EXPANDED
                          or self.photometric == CMYK)
        self.upright = self.by_pillow and bool(self.tags.get(tag.ORIENTATION))
        self.facts = Facts(
            'TIFF', self.height, self.width,
            self.height * self.width * self.samples
            * math.ceil(self.bits / 8),
            orientation if 1 <= orientation <= 8 else 1,
            white_is_zero=self.photometric == WHITE_IS_ZERO,
            capacity=self._capacity())

    def _count_pages(self, pages: int) -> None:
        # ImageJ writes one directory for a stack of more than 4 GB.
        text = b''.join(self.tags.get(tag.DESCRIPTION, ()))
        found = re.match(rb'ImageJ=.*?^images=(\d+)', text,
                         re.DOTALL | re.MULTILINE)
        if found:
            pages = max(pages, int(found[1]))
        # So does tifffile where it is told to, and says the shape.
        found = re.match(rb'\{"shape": \[([\d, ]+)\].*"truncated": true', text)
        if found:
            lengths = [int(length) for length in found[1].split(b',')]
            size = (value(self.tags, tag.HEIGHT) * value(self.tags, tag.WIDTH)
                    * value(self.tags, tag.SAMPLES, 1))
            pages = max(pages, math.prod(lengths) // max(1, size))
        pages = max(pages, value(self.tags, tag.DEPTH, 1))
        if pages > 1:
            raise several_pages(pages)

    def _capacity(self) -> float:
        if self.compression == NONE:
            return 8 / self.bits * math.ceil(self.bits / 8) * len(self.data)
        if self.compression in CCITT:  # a bit says: as the row above
            return 8 * len(self.data) * self.width * self.samples
        # A block of Zstandard repeats a byte, LZMA longer words.
        ratio = 2**16 if self.compression in (LZMA, ZSTANDARD) else (
            GREATEST_RATIO)
        return ratio * len(self.data) * max(1, 8 / self.bits)

    def decode(self, stored: bool) -> Pixels:
        self._check_kind(stored)
        if self.by_pillow:
            return self._decode_by_pillow(stored)
        pixels = self._samples()
        if self.photometric == PALETTE:
            indexed = Indexed(np.ascontiguousarray(pixels[..., 0]),
                              self._colours())
            if not stored:
                return indexed.paint()[..., ::-1]
            if (pixels[..., 1:] != 2**self.bits - 1).any():
                raise transparent_mask()
            return indexed
        if not stored and pixels.dtype.kind == 'u':
            grey = pixels[..., :1]  # without transparency
            if self.photometric == WHITE_IS_ZERO:
                np.subtract(2**self.bits - 1, grey, out=grey)
            if self.bits in (1, 2, 4):
                pixels *= 255 // (2**self.bits - 1)
        return _in_opencvs_order(pixels)

    def _check_kind(self, stored: bool) -> None:
        """Raise Unsupported unless the channels make one picture."""
        if self.photometric in OTHER_COLOURS:
            raise Unsupported(
                f'is coded as {OTHER_COLOURS[self.photometric]}; grey, '
                'indexed or RGB is expected. Save it as RGB.')
        names = {CMYK: 'CMYK', YCBCR: 'YCbCr'}
        if self.photometric in names:
            name = names[self.photometric]
            if stored:
                raise coded_colours(name)
            if self.compression in EXPANDED and self.photometric == YCBCR:
                raise Unsupported(f'is coded as {name} without JPEG; grey, '
                                  'indexed or RGB is expected. Save it as '
                                  'RGB.')
            if self.bits != 8 or self.samples != 3 + (name == 'CMYK'):
                raise Unsupported(
                    f'is coded as {name} in {self.samples} channels of '
                    f'{self.bits} bits. Save it as RGB.')
            return
        if self.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB,
                                    PALETTE):
            raise Unsupported(f'has the unknown PhotometricInterpretation '
                              f'{self.photometric}. Save it as grey or RGB.')
        colours = 3 if self.photometric == RGB else 1
        extra = self.tags.get(tag.EXTRA_SAMPLES, ())
        # Of a fourth channel many programs do not say that it is alpha.
        alpha = self.samples == colours + 1 and (
            colours == 3 or (extra and extra[0] in ALPHA))
        if self.samples != colours and not alpha:
            raise Unsupported(
                f'holds {self.samples} channels, and nothing says that they '
                'are colours, grey or transparency; 1, 3 or 4 channels of '
                'one picture are expected. Save the channel that you mean as '
                'a file of its own (ImageJ: Image > Color > Split Channels).')
        if self.format not in KINDS:
            raise Unsupported('holds complex numbers; integers are expected.')

    def _decode_by_pillow(self, stored: bool) -> Pixels:
        if self.compression == JPEG:
            check_jpegs(self._parts)
        elif self.compression in CCITT and (self.bits, self.samples) != (
                1, 1):
            raise Damaged('its compression is for one bit, its depth another')
        # of several it decodes the first, be it a thumbnail
        data = self.directories.beginning_with(self.directories.place)
        pixels = decode_by_pillow(data, 'TIFF', stored)
        if stored and self.photometric == WHITE_IS_ZERO and isinstance(
                pixels, np.ndarray):
            pixels = 2**self.bits - 1 - pixels
        return pixels

    @cached_property
    def _tiled(self) -> bool:
        return tag.TILES in self.tags

    @cached_property
    def _parts(self) -> list[bytes]:
        """The strips or tiles as they are in the file."""
        places = self.tags.get(tag.TILES if self._tiled else tag.STRIPS)
        sizes = self.tags.get(
            tag.TILE_SIZES if self._tiled else tag.STRIP_SIZES)
        if not places:
            raise Damaged('its tags name no pixels')
        if self.compression == NONE and (not sizes or len(places) == 1):
            # known, while some programs write another number
            sizes = self._sizes
        if not sizes or len(sizes) != len(places):
            raise Damaged('the size of its strips or tiles is missing')
        parts = []
        for place, size in zip(places, sizes):
            if place + size > len(self.data) or not size:
                raise Damaged(f'its strip or tile {len(parts)} is cut off')
            part = memoryview(self.data)[place:place + size]
            if value(self.tags, tag.FILL_ORDER, 1) == 2:
                part = bytes(part).translate(REVERSED)
            parts.append(part)
        return parts

    @cached_property
    def _part_shape(self) -> tuple[int, int]:
        """Rows and columns of a strip or tile."""
        if self._tiled:
            shape = (value(self.tags, tag.TILE_HEIGHT),
                     value(self.tags, tag.TILE_WIDTH))
        else:
            rows = value(self.tags, tag.ROWS_PER_STRIP, self.height)
            shape = min(rows, self.height), self.width
        if not all(shape) or max(shape) > 2**20 + max(self.height,
                                                      self.width):
            raise Damaged(f'its strips or tiles have {shape} pixels')
        return shape

    @property
    def _channels(self) -> int:
        """Channels of a strip or tile."""
        return 1 if self.planar else self.samples

    @cached_property
    def _layout(self) -> Layout:
        return Layout(self.compression, self._part_shape[1], self._channels,
                      self.bits)

    @property
    def _heights(self) -> list[int]:
        """Rows of each strip or tile of a plane."""
        rows, columns = self._part_shape
        if self._tiled:
            return [rows] * (math.ceil(self.height / rows)
                             * math.ceil(self.width / columns))
        full, rest = divmod(self.height, rows)
        return [rows] * full + [rest] * (rest > 0)

    @property
    def _sizes(self) -> list[int]:
        planes = self.samples if self.planar else 1
        return [rows * self._layout.row for rows in self._heights] * planes

    def _samples(self) -> np.ndarray:
        """Return (H, W, samples) as stored, in the machine's byte order."""
        planes = self.samples if self.planar else 1
        heights, parts = self._heights, self._parts
        if planes == 1:  # nothing belongs to more of them
            parts = parts[:len(heights)]
        if len(parts) != planes * len(heights):
            raise Damaged(f'it has {len(parts)} strips or tiles in place of '
                          f'{planes * len(heights)}')
        sizes = [rows * self._layout.row for rows in heights]
        if sum(sizes) > max(SMALL, self.facts.capacity):
            raise Damaged('its tags say more pixels than it can hold')
        found = []
        for plane in range(planes):
            own = parts[plane * len(heights):(plane + 1) * len(heights)]
            rows = expand(own, sizes, self._layout)
            numbers = self._numbers(rows.reshape(-1, self._layout.row))
            found.append(self._assemble(numbers))
        return found[0] if planes == 1 else np.concatenate(found, axis=2)

    def _numbers(self, rows: np.ndarray) -> np.ndarray:
        """(rows, bytes) -> (rows, columns, channels), prediction undone."""
        columns, channels = self._part_shape[1], self._channels
        shape = len(rows), columns, channels
        if self.bits % 8 or self.bits == 24:
            if self.format in (SIGNED, FLOAT) or self.bits > 31:
                raise Unsupported(
                    f'holds signed numbers of {self.bits} bits; unsigned '
                    'ones of 8 or 16 are expected. Convert the file.')
            if self.predictor != 1:
                raise Unsupported(f'has a predictor at {self.bits} bits. '
                                  'Save it with 8 or 16.')
            return unpack_bits(rows, columns * channels,
                               self.bits).reshape(shape)
        order, itemsize = self.order, self.bits // 8
        if self.predictor == 3:
            if self.format != FLOAT:
                raise Damaged('its predictor is for floats, and it holds '
                              'none')
            rows, order = undo_float_prediction(rows, channels, itemsize), '>'
        try:
            kind = np.dtype(f'{order}{KINDS[self.format]}{itemsize}')
        except TypeError as error:
            raise Unsupported(f'holds numbers of {self.bits} bits. Convert '
                              'the file to 8 or 16.') from error
        numbers = rows.view(kind).reshape(shape)
        numbers = numbers.astype(kind.newbyteorder('='), copy=False)
        if self.predictor == 2:
            undo_prediction(numbers.view(f'u{itemsize}'))
        elif self.predictor not in (1, 3):
            raise Unsupported(f'has the unknown predictor {self.predictor}.')
        return numbers

    def _assemble(self, numbers: np.ndarray) -> np.ndarray:
        """Put tiles in their places and cut off what stands over."""
        if not self._tiled:
            return numbers
        rows, columns = self._part_shape
        down = math.ceil(self.height / rows)
        across = math.ceil(self.width / columns)
        numbers = numbers.reshape(down, across, rows, columns, -1)
        numbers = numbers.swapaxes(1, 2).reshape(
            down * rows, across * columns, -1)
        return np.ascontiguousarray(numbers[:self.height, :self.width])

    def _colours(self) -> np.ndarray:
        """Return the colour map, (2 ** bits, 3) uint8 red, green, blue."""
        found = np.array(self.tags.get(tag.COLOUR_MAP, ()))
        if self.bits > 16 or len(found) != 3 * 2**self.bits:
            raise Damaged('its colour map is missing or too short')
        if found.max() > 255:  # as it should be; some write 8 bits
            found >>= 8
        return found.reshape(3, -1).T.astype(np.uint8)


def _in_opencvs_order(pixels: np.ndarray) -> np.ndarray:
    """(H, W, channels) -> (H, W), or blue, green, red and alpha."""
    channels = pixels.shape[2]
    if channels == 1:
        return pixels[..., 0]
    if channels == 2:  # grey and alpha
        return np.ascontiguousarray(pixels[..., [0, 0, 0, 1]])
    if pixels.dtype in (np.uint8, np.uint16, np.float32):
        return cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA if channels == 4 else
                            cv2.COLOR_RGB2BGR)
    return np.ascontiguousarray(
        pixels[..., [2, 1, 0, 3] if channels == 4 else [2, 1, 0]])
