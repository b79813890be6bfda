"""Orientations wherever Pillow finds them, turned as it turns them."""
import io
import struct
import zlib

import numpy as np
import PIL
import pytest
from PIL import Image, ImageOps
from tiff_writer import grey, tiff

from mmseg_ext.basics.formats.metadata import find_orientation
from mmseg_ext.basics.image_files import decode_image, open_image
from mmseg_ext.basics.mask_files import decode_mask

pytestmark = pytest.mark.skipif(
    tuple(map(int, PIL.__version__.split('.')[:2])) < (11, 3),
    reason='the first Pillow that turns by XMP in every format')
RNG = np.random.default_rng(0)
IDS = RNG.integers(0, 3, (9, 13), np.uint8)
BLOCKS = np.kron(IDS, np.full((8, 8), 80, np.uint8))  # a JPEG's own


def exif(orientation: int, order: str = '<', kind: int = 3,
         count: int = 1) -> bytes:
    """EXIF data of this tag behind another, no name before them."""
    value = orientation << 16 if (order, kind) == ('>', 3) else orientation
    return ({'<': b'II*\0', '>': b'MM\0*'}[order]
            + struct.pack(f'{order}IH', 8, 2)
            + struct.pack(f'{order}HHII', 256, 4, 1, 13)
            + struct.pack(f'{order}HHII', 274, kind, count, value)
            + bytes(4))


def packet(orientation: int, element: bool = False) -> bytes:
    said = (f'><tiff:Orientation>{orientation}</tiff:Orientation>' if element
            else f' tiff:Orientation="{orientation}">')
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
        '"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{said}'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def digits(content: bytes) -> bytes:
    """The text that ImageMagick writes."""
    figures = content.hex()
    lines = [figures[i:i + 72] for i in range(0, len(figures), 72)]
    return '\n'.join(['', 'exif', f'{len(content):8}', *lines, '']).encode()


def text(key: str, content: bytes, kind: bytes = b'tEXt',
         packed: bool = False) -> bytes:
    head = key.encode() + b'\0'
    if kind == b'zTXt':
        return part(kind, head + b'\0' + zlib.compress(content))
    if kind == b'iTXt':
        head += bytes([packed, 0]) + b'en\0\0'
    return part(kind, head + (zlib.compress(content) if packed else content))


def part(kind: bytes, content: bytes) -> bytes:
    return (struct.pack('>I', len(content)) + kind + content
            + struct.pack('>I', zlib.crc32(kind + content)))


def png(*parts: bytes, mode: str = 'L', last: bool = False) -> bytes:
    image = Image.fromarray(IDS)
    if mode == 'P':
        image = Image.fromarray(IDS, 'P')
        image.putpalette([9, 9, 9, 80, 80, 80, 200, 0, 0])
    file = io.BytesIO()
    image.save(file, 'PNG')
    data = file.getvalue()
    place = -12 if last else 33  # after the header, or before the end
    return data[:place] + b''.join(parts) + data[place:]


def jpeg(*parts: bytes) -> bytes:
    file = io.BytesIO()
    Image.fromarray(BLOCKS).save(file, 'JPEG', quality=100)
    data = file.getvalue()
    return data[:2] + b''.join(
        b'\xff\xe1' + struct.pack('>H', len(part) + 2) + part
        for part in parts) + data[2:]


def by_pillow(kind: str, pixels=IDS, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


EXIF, XMP = b'Exif\0\0', b'http://ns.adobe.com/xap/1.0/\0'
RAW, XML = 'Raw profile type exif', 'XML:com.adobe.xmp'
# Where it stands -> file in which it does.
PLACES = {
    'png-part': lambda o: png(part(b'eXIf', exif(o))),
    'png-part-named': lambda o: png(part(b'eXIf', EXIF + exif(o, '>'))),
    'png-text': lambda o: png(text(RAW, digits(exif(o)))),
    'png-text-packed': lambda o: png(
        text(RAW, digits(EXIF + exif(o, '>')), b'zTXt')),
    'png-text-utf8': lambda o: png(text(RAW, digits(exif(o)), b'iTXt')),
    'png-text-bare': lambda o: png(text('exif', exif(o))),
    'png-text-last': lambda o: png(
        text(RAW, digits(exif(o)), b'zTXt'), last=True),
    'png-palette-text': lambda o: png(
        text(RAW, digits(exif(o)), b'zTXt'), mode='P'),
    'png-palette-xmp': lambda o: png(text(XML, packet(o), b'iTXt'),
                                     mode='P'),
    'png-xmp': lambda o: png(text(XML, packet(o), b'iTXt')),
    'png-xmp-element': lambda o: png(text(XML, packet(o, True), b'iTXt')),
    'png-xmp-packed': lambda o: png(text(XML, packet(o), b'iTXt', True)),
    'png-xmp-latin': lambda o: png(text(XML, packet(o))),
    'jpeg': lambda o: jpeg(EXIF + exif(o)),
    'jpeg-long': lambda o: jpeg(EXIF + exif(o, kind=4)),
    'jpeg-xmp': lambda o: jpeg(XMP + packet(o)),
    'jpeg-xmp-element': lambda o: jpeg(XMP + packet(o, True)),
    'jpeg-xmp-twice': lambda o: jpeg(XMP + packet(9 - o), XMP + packet(o)),
    'tiff': lambda o: tiff([grey(IDS, t274=o)]),
    'tiff-xmp': lambda o: by_pillow('TIFF', tiffinfo={700: packet(o)}),
    'tiff-xmp-element': lambda o: by_pillow(
        'TIFF', tiffinfo={700: packet(o, True)}, compression='tiff_lzw'),
    'tiff-xmp-jpeg': lambda o: by_pillow(
        'TIFF', BLOCKS, tiffinfo={700: packet(o)}, compression='jpeg'),
    'tiff-xmp-fax': lambda o: by_pillow(
        'TIFF', IDS > 0, tiffinfo={700: packet(o)}, compression='group4'),
    'webp': lambda o: by_pillow('WEBP', np.dstack([IDS] * 3), lossless=True,
                                exif=EXIF + exif(o)),
    'webp-xmp': lambda o: by_pillow('WEBP', np.dstack([IDS] * 3),
                                    lossless=True, xmp=packet(o)),
    # the first that says anything counts
    'both': lambda o: jpeg(XMP + packet(9 - o), EXIF + exif(o)),
    'both-in-png': lambda o: png(text(XML, packet(9 - o), b'iTXt'),
                                 text(RAW, digits(exif(9 - o))),
                                 part(b'eXIf', exif(o))),
    'both-texts': lambda o: png(text(XML, packet(9 - o), b'iTXt'),
                                text(RAW, digits(exif(o)), b'zTXt')),
    'both-in-tiff': lambda o: by_pillow(
        'TIFF', tiffinfo={274: o, 700: packet(9 - o)}),
    'both-in-jpeg-in-tiff': lambda o: by_pillow(
        'TIFF', BLOCKS, compression='jpeg',
        tiffinfo={274: o, 700: packet(9 - o)}),
    'both-in-webp': lambda o: by_pillow(
        'WEBP', np.dstack([IDS] * 3), lossless=True, exif=EXIF + exif(o),
        xmp=packet(9 - o)),
}


def turned_by_pillow(data: bytes, painted: bool) -> np.ndarray:
    """Its pixels; of a palette its indices, or what they show."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if painted and image.mode == 'P':
        image = image.convert('RGB')
    return np.asarray(image)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('place', PLACES)
def test_images_are_turned_as_pillow_turns_them(place, orientation):
    data = PLACES[place](orientation)
    expected = turned_by_pillow(data, True)
    found = decode_image(data, 'a')
    found = found[..., ::-1] if found.ndim == 3 else found
    if expected.dtype == bool:
        expected = expected * np.uint8(255)
    lossy = place.startswith(('jpeg', 'both')) and found.shape[0] > 13
    np.testing.assert_allclose(found.astype(int), expected.astype(int),
                               rtol=0, atol=2 * lossy)
    facts = open_image(data, 'a').facts
    assert facts.orientation == orientation


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('place', [
    place for place in PLACES if place.startswith(('png', 'tiff', 'both-in'))
    and 'jpeg' not in place and 'webp' not in place])
def test_masks_are_turned_as_pillow_turns_them(tmp_path, place, orientation):
    path = tmp_path / 'a.png'
    path.write_bytes(PLACES[place](orientation))
    np.testing.assert_array_equal(
        decode_mask(str(path)),
        turned_by_pillow(path.read_bytes(), False).astype(np.uint8))


@pytest.mark.filterwarnings('ignore:Metadata Warning')
@pytest.mark.parametrize('data', [
    png(part(b'eXIf', exif(0)), text(XML, packet(6), b'iTXt')),
    png(part(b'eXIf', exif(9)), text(XML, packet(6), b'iTXt')),
    png(part(b'eXIf', exif(6, count=2)), text(XML, packet(6), b'iTXt')),
    png(part(b'eXIf', exif(6, kind=1)), text(XML, packet(6), b'iTXt')),
    png(part(b'eXIf', exif(6, kind=8))), png(part(b'eXIf', exif(6, kind=9))),
    png(part(b'eXIf', exif(6).replace(b'\x12\x01', b'\x13\x01')),
        text(XML, packet(6), b'iTXt')),
    png(part(b'eXIf', exif(6).replace(b'\x12\x01', b'\x13\x01')),
        text(RAW, digits(exif(8)))),
    png(part(b'eXIf', b''), text(XML, packet(7), b'iTXt')),
    png(text(XML, packet(0), b'iTXt')), png(text(XML, packet(9), b'iTXt')),
    png(text(XML, b'no packet', b'iTXt')), png(text('Comment', packet(6))),
    png(part(b'eXIf', exif(38, count=3) + struct.pack('<HHH', 6, 8, 3))),
    jpeg(EXIF + exif(6)[:20], EXIF + exif(6)[20:]),
    jpeg(b'http://ns.adobe.com/xmp/extension/\0' + packet(6)),
    by_pillow('TIFF', tiffinfo={274: 9, 700: packet(6)}),
], ids=range(17))
def test_as_pillow_where_it_is_odd(data):
    found = open_image(data, 'a').facts.orientation
    image = Image.open(io.BytesIO(data))
    stored = image.tag_v2.get(274) if image.format == 'TIFF' else None
    named = stored if stored is not None else image.getexif().get(274, 1)
    assert found == (named if named in range(1, 9) else 1)


@pytest.mark.parametrize('parts', [
    [text(RAW, b'')], [text(RAW, b'\nexif\n  9\nno digits\n')],
    [text(RAW, digits(exif(6)[:15]))], [text(RAW, digits(b'PNG?'))],
    [part(b'zTXt', RAW.encode() + b'\0\0no stream')], [part(b'zTXt', b'')],
    [part(b'iTXt', XML.encode() + b'\0\1\0\0\0no stream')],
    [part(b'iTXt', XML.encode() + b'\0')], [part(b'tEXt', b'\0\0\0')],
    [part(b'eXIf', b'II*\0\xff\xff\xff\xff')],
])
def test_what_is_damaged_turns_nothing(parts):
    np.testing.assert_array_equal(decode_image(png(*parts), ''), IDS)


def test_a_long_text_is_not_expanded_in_full():
    """A gigabyte in a megabyte."""
    packer = zlib.compressobj()
    # after a full flush, the same bytes pack the same zeros again
    first, again = (packer.compress(bytes(2**24))
                    + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    checksum = 2**30 % 65521 << 16 | 1  # Adler-32 of a gigabyte of zeros
    packed = (first + 63 * again + packer.flush()[:-4]
              + checksum.to_bytes(4, 'big'))
    data = png(part(b'zTXt', RAW.encode() + b'\0\0' + packed))
    assert open_image(data, '').facts.orientation == 1


@pytest.mark.parametrize('options', [
    {}, dict(compression='jpeg'), dict(compression='tiff_lzw')])
def test_xmp_that_is_stored_as_text(options):
    """Pillow itself fails to load it."""
    data = by_pillow('TIFF', BLOCKS, tiffinfo={700: packet(6)}, **options)
    plain = decode_image(data.replace(b'tiff:Or', b'tiff:or'), '')
    head = struct.pack('<HH', 700, 1)
    assert data.count(head) == 1
    data = data.replace(head, struct.pack('<HH', 700, 2))
    np.testing.assert_array_equal(decode_image(data, ''), np.rot90(plain, 3))


def test_numbers_without_a_file():
    assert find_orientation(None) == find_orientation(b'') == 1
    assert find_orientation(None, packet(4)) == 4
