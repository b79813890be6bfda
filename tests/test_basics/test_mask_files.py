"""Files as microscopes and annotation programs write them."""
import re

import cv2
import numpy as np
import pytest
from PIL import Image
from tiff_writer import grey, tiff

from mmseg_ext.basics.image_files import read_image, read_size
from mmseg_ext.basics.mask_files import read_mask

CLASSES = ('A', 'B', 'C')
PALETTE = [[255, 0, 0], [0, 0, 255], [0, 255, 0]]
IDS = np.array([[0, 1, 2], [2, 255, 0]], np.uint8)


def write(path, image) -> str:
    assert cv2.imwrite(str(path), image)
    return str(path)


def mask_of(path, **kwargs) -> np.ndarray:
    return read_mask(str(path), CLASSES, PALETTE, **kwargs)


@pytest.mark.parametrize('suffix', ['png', 'bmp', 'tif', 'tiff'])
def test_grey_8_bit(tmp_path, suffix):
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image = read_image(write(tmp_path / f'a.{suffix}', grey))
    np.testing.assert_array_equal(image, np.stack([grey] * 3, -1))


def test_jpeg(tmp_path):
    image = read_image(write(tmp_path / 'a.jpg', np.full((8, 8), 90,
                                                         np.uint8)))
    assert image.shape == (8, 8, 3)
    assert abs(int(image.mean()) - 90) <= 1


@pytest.mark.parametrize('suffix', ['png', 'tif'])
def test_16_bit_keeps_the_full_range(tmp_path, suffix):
    grey = np.array([[0, 257, 32896, 65535]], np.uint16)
    image = read_image(write(tmp_path / f'a.{suffix}', grey))
    assert image.dtype == np.uint8
    assert image[0, :, 0].tolist() == [0, 1, 128, 255]


def test_16_bit_colour(tmp_path):
    colour = np.zeros((2, 2, 3), np.uint16)
    colour[..., 2] = 65535
    assert read_image(write(tmp_path / 'a.png', colour))[0, 0].tolist() == [
        0, 0, 255
    ]


def test_12_bits_in_16_need_to_be_named(tmp_path):
    path = write(tmp_path / 'a.png', np.array([[0, 4095]], np.uint16))
    with pytest.raises(ValueError, match=r'no value above 4095.*--bit-depth'):
        read_image(path)
    assert read_image(path, bit_depth=12)[0, :, 0].tolist() == [0, 255]
    assert read_image(path, bit_depth=16)[0, :, 0].tolist() == [0, 16]
    with pytest.raises(ValueError, match=r'up to 4095.*bit_depth=10'):
        read_image(path, bit_depth=10)


def test_alpha_is_left_out(tmp_path):
    image = np.dstack([np.full((2, 2, 3), 7, np.uint8),
                       np.zeros((2, 2), np.uint8)])
    assert (read_image(write(tmp_path / 'a.png', image)) == 7).all()


def test_other_depths_are_refused(tmp_path):
    path = write(tmp_path / 'a.tif', np.ones((2, 2), np.float32))
    with pytest.raises(ValueError, match=r'a\.tif.*float32'):
        read_image(path)


@pytest.mark.parametrize('content', [b'', b'not an image'])
def test_unreadable_file_is_named(tmp_path, content):
    path = tmp_path / 'broken.png'
    path.write_bytes(content)
    for read in (read_image, read_size, mask_of):
        with pytest.raises(ValueError, match=r'broken\.png cannot be read'):
            read(str(path))


def test_truncated_file_is_named(tmp_path):
    path = tmp_path / 'cut.tif'
    write(path, np.random.default_rng(0).integers(
        0, 255, (64, 64), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(ValueError, match=r'cut\.tif cannot be read'):
        read_image(str(path))


def test_several_pages_are_refused(tmp_path):
    path = tmp_path / 'stack.tif'
    pages = [Image.fromarray(np.full((4, 4), i, np.uint8)) for i in range(3)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match=r'stack\.tif holds 3 pages'):
        read_image(str(path))


def test_size_is_height_width(tmp_path):
    assert read_size(
        write(tmp_path / 'a.png', np.zeros((3, 5), np.uint8))) == (3, 5)


def test_paths_with_space_and_hangul(tmp_path):
    folder = tmp_path / '금속 조직'
    folder.mkdir()
    (folder / 'a b.png').write_bytes(
        cv2.imencode('.png', np.zeros((3, 5), np.uint8))[1].tobytes())
    assert read_image(str(folder / 'a b.png')).shape == (3, 5, 3)


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int32, np.float32])
def test_ids_of_any_width(tmp_path, dtype):
    path = write(tmp_path / 'a.tif', IDS.astype(dtype))
    mask = mask_of(path)
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, IDS)


def test_three_equal_channels_are_ids(tmp_path):
    path = write(tmp_path / 'a.png', np.stack([IDS] * 3, -1))
    np.testing.assert_array_equal(mask_of(path), IDS)


def test_uint16_is_not_wrapped(tmp_path):
    path = write(tmp_path / 'a.png', np.array([[0, 256, 65535]], np.uint16))
    with pytest.raises(ValueError, match=r'256 \(33.3 %\), 65535 \(33.3 %\)'):
        mask_of(path)


def test_values_outside_are_listed_with_their_fraction(tmp_path):
    path = write(tmp_path / 'a.png', np.array([[0, 1, 3, 7]] * 2, np.uint8))
    with pytest.raises(ValueError, match=re.escape(
            'holds values that are no class: 3 (25 %), 7 (25 %) of the '
            'pixels; the classes are 0 to 2 (A, B, C) and 255 is ignored')):
        mask_of(path)


def test_negative_values_are_refused(tmp_path):
    path = write(tmp_path / 'a.tif', np.array([[0, -1]], np.int32))
    with pytest.raises(ValueError, match=r'-1 \(50 %\)'):
        mask_of(path)


def test_label_map(tmp_path):
    path = write(tmp_path / 'a.png', np.array([[0, 128, 255]], np.uint8))
    mapping = {0: 0, 128: 1, 255: 2}
    assert mask_of(path, label_map=mapping).tolist() == [[0, 1, 2]]
    with pytest.raises(ValueError, match=r'128 \(33.3 %\).*label_map'):
        mask_of(path, label_map={0: 0, 255: 2})


@pytest.mark.parametrize('values', [[0, 255], [255, 255]])
def test_two_classes_as_0_and_255_are_refused(tmp_path, values):
    path = write(tmp_path / 'a.png', np.array([values], np.uint8))
    classes, palette = ('ground', 'defect'), PALETTE[:2]
    with pytest.raises(ValueError, match=r'255 and no 1.*label_map'):
        read_mask(path, classes, palette)
    mapping = {0: 0, 255: 1}
    mask = read_mask(path, classes, palette, label_map=mapping)
    assert mask.tolist() == [[value // 255 for value in values]]


def colours_of(ids: np.ndarray) -> np.ndarray:
    return np.array(PALETTE, np.uint8)[ids]


def test_colours(tmp_path):
    ids = np.array([[0, 1, 2], [2, 0, 1]])
    Image.fromarray(colours_of(ids)).save(tmp_path / 'a.png')
    np.testing.assert_array_equal(mask_of(tmp_path / 'a.png'), ids)


def test_opaque_colours_with_alpha(tmp_path):
    ids = np.array([[0, 1, 2]])
    Image.fromarray(colours_of(ids)).convert('RGBA').save(tmp_path / 'a.png')
    np.testing.assert_array_equal(mask_of(tmp_path / 'a.png'), ids)


def test_transparent_colours_are_refused(tmp_path):
    rgba = Image.fromarray(colours_of(np.array([[0, 1]]))).convert('RGBA')
    rgba.putalpha(100)
    rgba.save(tmp_path / 'a.png')
    with pytest.raises(ValueError, match='alpha channel'):
        mask_of(tmp_path / 'a.png')


@pytest.mark.parametrize('depth', [1, 8, 16])
def test_a_transparent_grey_is_refused(tmp_path, depth):
    """As an alpha channel is; GDAL and shrinkers of PNG files write it."""
    ids = np.array([[0, 1], [1, 0]], np.uint8)
    picture = Image.fromarray({1: ids.astype(bool), 8: ids,
                               16: ids.astype(np.uint16)}[depth])
    path, value = tmp_path / 'a.png', 255 if depth == 1 else 1
    picture.save(path, transparency=value)
    assert b'tRNS' in path.read_bytes()
    with pytest.raises(ValueError, match='counts as transparent'):
        mask_of(path)
    assert read_image(path, 16).shape == (2, 2, 3)
    if depth > 1:  # there is no third value of one bit
        picture.save(path, transparency=7)
        np.testing.assert_array_equal(mask_of(path), ids)


def indexed(path, transparency, indices=(0, 1, 2)) -> str:
    """Write a file of the classes' colours, not in their order."""
    picture = Image.fromarray(np.array([indices], np.uint8), 'P')
    picture.putpalette([*PALETTE[2], *PALETTE[0], *PALETTE[1], 9, 9, 9])
    picture.save(path, transparency=transparency)
    assert b'tRNS' in path.read_bytes()
    return str(path)


@pytest.mark.parametrize('transparency', [0, bytes([255, 30])])
def test_a_transparent_colour_of_an_index(tmp_path, transparency):
    path = indexed(tmp_path / 'a.png', transparency)
    with pytest.raises(ValueError, match='counts as transparent'):
        mask_of(path)
    # the index tells the class, whatever is seen of it
    other = [[1, 1, 1], [2, 2, 2], [3, 3, 3]]
    assert read_mask(path, CLASSES, other).tolist() == [[0, 1, 2]]
    # no pixel has it
    path = indexed(tmp_path / 'b.png', 3)
    assert mask_of(path).tolist() == [[2, 0, 1]]


def test_a_tiff_of_indices_and_transparency(tmp_path):
    palette = np.array([*PALETTE, *[[9, 9, 9]] * 253]).T.ravel() * 257
    pixels = np.array([[0, 255, 2, 255], [1, 255, 0, 255]], np.uint8)
    page, strips = grey(pixels, t262=3, t256=2, t277=2, t258=(8, 8), t338=2,
                        t320=tuple(palette.tolist()))
    path = tmp_path / 'a.tif'
    path.write_bytes(tiff([(page, strips)]))
    assert mask_of(path).tolist() == [[0, 2], [1, 0]]
    pixels[0, 1] = 254
    path.write_bytes(tiff([(page, [pixels.tobytes()])]))
    with pytest.raises(ValueError, match=r'a\.tif has an alpha channel'):
        mask_of(path)


def test_foreign_colour_is_listed(tmp_path):
    picture = colours_of(np.array([[0, 1, 2, 2]]))
    picture[0, 3] = (250, 10, 0)
    Image.fromarray(picture).save(tmp_path / 'a.png')
    with pytest.raises(ValueError, match=re.escape('(250, 10, 0) (25 %)')):
        mask_of(tmp_path / 'a.png')
    ignoring = mask_of(tmp_path / 'a.png', ignore_colors=[(250, 10, 0)])
    assert ignoring.tolist() == [[0, 1, 2, 255]]


def test_indexed_file_of_our_colours_in_another_order(tmp_path):
    ids = np.array([[0, 1, 2], [2, 0, 1]])
    picture = Image.fromarray(colours_of(ids)).convert(
        'P', palette=Image.Palette.ADAPTIVE, colors=3)
    picture.save(tmp_path / 'a.png')
    np.testing.assert_array_equal(mask_of(tmp_path / 'a.png'), ids)


def test_indexed_file_of_other_colours_holds_ids(tmp_path):
    picture = Image.fromarray(np.array([[0, 1, 2]], np.uint8), 'P')
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])  # PASCAL VOC's
    picture.save(tmp_path / 'a.png')
    assert mask_of(tmp_path / 'a.png').tolist() == [[0, 1, 2]]


def test_one_bit_file_holds_0_and_1(tmp_path):
    Image.fromarray(np.array([[False, True]])).save(tmp_path / 'a.png')
    assert mask_of(tmp_path / 'a.png').tolist() == [[0, 1]]


@pytest.mark.parametrize('mode', ['L', 'P', '1', 'RGB'])
def test_masks_of_several_pages_are_refused(tmp_path, mode):
    page = Image.fromarray(IDS % 2).convert(mode)
    page.save(tmp_path / 'a.tif', save_all=True, append_images=[page])
    with pytest.raises(ValueError, match=r'a\.tif holds 2 pages'):
        mask_of(tmp_path / 'a.tif')


@pytest.mark.parametrize('bits', [1, 8, 16])
def test_white_is_zero_changes_no_id(tmp_path, bits):
    ids = IDS % 2
    (tmp_path / 'a.tif').write_bytes(tiff([grey(ids, bits, t262=0)], '>'))
    np.testing.assert_array_equal(mask_of(tmp_path / 'a.tif'), ids)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('mode', ['L', 'P', '1'])
@pytest.mark.parametrize('suffix', ['png', 'tif'])
def test_masks_are_turned_as_images_are(tmp_path, suffix, mode, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    ids = IDS % 2
    picture = Image.fromarray(ids * 255).convert('1') if mode == '1' else (
        Image.fromarray(ids))
    if mode == 'P':
        picture = Image.fromarray(ids, 'P')
        picture.putpalette([9, 9, 9, 80, 80, 80])
    picture.save(tmp_path / f'a.{suffix}', exif=exif)
    shown = {1: ids, 2: ids[:, ::-1], 3: ids[::-1, ::-1], 4: ids[::-1],
             5: ids.T, 6: np.rot90(ids, -1), 7: np.rot90(ids.T, 2),
             8: np.rot90(ids)}[orientation]
    np.testing.assert_array_equal(mask_of(tmp_path / f'a.{suffix}'), shown)


def test_colours_of_16_bits_are_no_others(tmp_path):
    """65535 is no 255 and a carry."""
    path = str(tmp_path / 'mask.png')
    cv2.imwrite(path, np.full((4, 4, 3), (0, 65535, 0), np.uint16))
    palette = [[255, 0, 0], [0, 0, 255], [0, 255, 0], [255, 255, 0]]
    with pytest.raises(ValueError, match=r'\(0, 65535, 0\)'):
        read_mask(path, 'ABCD', palette)
