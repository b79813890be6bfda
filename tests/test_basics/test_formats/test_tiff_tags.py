"""Which pages of a TIFF file count."""
import io

import numpy as np
import pytest
from PIL import Image
from tiff_writer import grey, tiff

from mmseg_ext.basics.image_files import decode_image, read_image

FULL = np.arange(48, dtype=np.uint8).reshape(6, 8)
SMALL = FULL[::2, ::2]


@pytest.mark.parametrize('pages', [
    [grey(FULL), grey(SMALL, t254=1)],  # a thumbnail after its picture
    [grey(SMALL, t254=1), grey(FULL)],  # and before it
    [grey(SMALL, t255=2), grey(FULL, t255=1)],  # as TIFF 5 said it
    [grey(FULL), grey(FULL > 0, 1, t254=4)],  # a mask of transparency
    [grey(FULL), grey(SMALL, t254=1), grey(SMALL[::2], t254=1)],  # a pyramid
    [grey(FULL, t254=1)],  # there is nothing else
])
def test_thumbnails_do_not_count(pages):
    np.testing.assert_array_equal(decode_image(tiff(pages), ''), FULL)


@pytest.mark.parametrize(('order', 'big'), [
    ('<', False), ('>', False), ('<', True)])  # not the fourth: Pillow's fault
def test_a_thumbnail_before_what_pillow_decodes(order, big):
    """Of several pictures Pillow takes the first."""
    def page(pixels, **tags):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, 'JPEG', quality=100)
        return grey(pixels, t259=7, **tags)[0], [file.getvalue()]

    dark = np.zeros((8, 8), np.uint8)
    light = np.full((32, 40), 200, np.uint8)
    data = tiff([page(dark, t254=1), page(light)], order, big)
    np.testing.assert_array_equal(decode_image(data, ''), light)


def test_a_picture_below_its_thumbnail():
    inner = tiff([grey(FULL)])  # of it only tag 330 says where it is
    place = int.from_bytes(inner[4:8], 'little')
    outer = tiff([grey(SMALL, t254=1, t330=place)])
    data = bytearray(inner + outer[8:])
    start = int.from_bytes(outer[4:8], 'little') + len(inner) - 8
    data[4:8] = start.to_bytes(4, 'little')
    # the strip of the thumbnail has moved; it is not read
    np.testing.assert_array_equal(decode_image(bytes(data), ''), FULL)


@pytest.mark.parametrize(('pages', 'number'), [
    ([grey(FULL), grey(FULL)], 2),
    ([grey(FULL, t254=2), grey(FULL, t254=2), grey(SMALL, t254=1)], 2),
    ([grey(FULL, 4) for _ in range(3)], 3),
    ([grey(FULL, t270=b'ImageJ=1.54f\nimages=7\nslices=7\n\0')], 7),
    ([grey(FULL, t32997=5)], 5),
    ([grey(FULL, t270=b'{"shape": [6, %d, %d], "truncated": true}\0'
           % FULL.shape)], 6),
])
@pytest.mark.parametrize('big', [False, True])
def test_pages_are_counted(pages, number, big):
    with pytest.raises(ValueError, match=f'a.tif holds {number} pages'):
        decode_image(tiff(pages, big=big), 'a.tif')


@pytest.mark.parametrize('mode', ['1', 'P', 'L', 'RGB', 'I;16'])
def test_pages_of_every_kind(tmp_path, mode):
    page = Image.fromarray(FULL)
    page = (Image.fromarray(FULL.astype(np.uint16)) if mode == 'I;16' else
            page.convert(mode))
    page.save(tmp_path / 'a.tif', save_all=True, append_images=[page])
    with pytest.raises(ValueError, match=r'a\.tif holds 2 pages'):
        read_image(tmp_path / 'a.tif')


def test_directories_in_a_circle():
    data = bytearray(tiff([grey(FULL)]))
    data[-4:] = data[4:8]
    with pytest.raises(ValueError, match='go round in a circle'):
        decode_image(bytes(data), 'a.tif')


def test_unknown_tags_are_passed_over(tmp_path, capfd):
    pages = [grey(FULL, t34118=b'AP_MAG\r\nMag = 5.00 K X\0', t34680=b'FEI')]
    np.testing.assert_array_equal(decode_image(tiff(pages), ''), FULL)
    assert capfd.readouterr() == ('', '')
