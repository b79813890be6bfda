"""Images as they come, and their sizes."""
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tiff_writer import grey, tiff


def with_band(image, rows=16):
    """Add an even strip with text."""
    band = np.full((rows, image.shape[1]), 8, np.uint8)
    cv2.putText(band, '20 um', (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255)
    return np.vstack([image, band])


@pytest.mark.parametrize('name', ['images/train/0.png', 'masks/train/0.png'])
@pytest.mark.parametrize('content', [b'', b'not a picture', None])
def test_unreadable_files(pairs, find, name, content):
    path = pairs.root / name
    # None: truncated
    path.write_bytes(path.read_bytes()[:200] if content is None else content)
    result = pairs.check()
    finding = find(result, 'cannot be read as an image')
    assert finding.severity == 'error'
    assert finding.names == (str(path), )
    assert finding.what.startswith('1 file in train')
    assert result.statistics[0].masks == 2
    find(result, 'Pairs that could not be loaded: 1')


@pytest.mark.parametrize('kind', ['images', 'masks'])
def test_several_pages(pairs, find, kind):
    (pairs.root / f'{kind}/train/0.png').unlink()
    pages = [Image.fromarray(pairs.phases(i)) for i in range(3)]
    pages[0].save(pairs.root / f'{kind}/train/0.tif', save_all=True,
                  append_images=pages[1:])
    finding = find(pairs.check(), 'holds 3 pages')
    assert finding.severity == 'error'
    assert finding.names == (str(pairs.root / f'{kind}/train/0.tif'), )


def test_information_band(pairs, find, options):
    for split, seed in (('train', 0), ('train', 1), ('val', 3)):
        rows = 16 if seed else 14
        pairs.save(f'images/{split}/{seed}.png',
                   with_band(pairs.texture(seed), rows))
    finding = find(pairs.check(), 'information band')
    assert (finding.severity, finding.count) == ('error', 3)
    assert '14 to 16 rows shorter' in finding.what
    assert options(finding) == dict(info_band='mask')
    assert 'config' not in finding.fix
    assert not pairs.check(info_band='mask').findings


def test_missing_rows_that_are_no_information_band(pairs, find):
    pairs.save('images/train/0.png', pairs.texture(0, (64, 64)))
    finding = find(pairs.check(), 'do not look like an information band')
    assert finding.severity == 'error'
    assert '16 rows shorter' in finding.what


@pytest.mark.parametrize(('size', 'words'), [
    ((64, 48), 'turned against each other: 48 x 64 and 64 x 48'),
    ((96, 128), 'one shape, but not one size: 128 x 96 and 64 x 48'),
    ((56, 56), 'differ in size: 56 x 56 and 64 x 48'),
])
def test_other_sizes(pairs, find, size, words):
    pairs.save('images/train/0.png', pairs.texture(0, size))
    finding = find(pairs.check(), words)
    assert finding.severity == 'error'
    assert finding.names == (str(pairs.root / 'masks/train/0.png'), )


def test_12_bits_in_16(pairs, find):
    for seed in (0, 1, 2):
        pairs.save(f'images/train/{seed}.png',
                   pairs.texture(seed).astype(np.uint16) * 16)
    finding = find(pairs.check(), 'fill only 12 (no value above 4095)')
    assert (finding.severity, finding.count) == ('error', 3)
    assert 'bit_depth=12' in finding.fix


def test_the_bit_depth_that_is_proposed_mends_it(pairs, find):
    for split, seed in (('train', 0), ('train', 1), ('train', 2),
                        ('val', 3), ('val', 4)):
        pairs.save(f'images/{split}/{seed}.png',
                   pairs.texture(seed).astype(np.uint16) * 4)
    assert 'bit_depth=10' in find(pairs.check(), 'fill only 10').fix
    assert not pairs.check(bit_depth=10).findings


def test_14_bits_in_16_are_read_but_dark(pairs, find):
    pairs.save('images/train/0.png',
               pairs.texture(0).astype(np.uint16) * 64)
    finding = find(pairs.check(), 'read 4 times too dark')
    assert finding.severity == 'warning'
    assert 'bit_depth=14' in finding.fix


def test_dark_images_beside_full_ones(pairs, find):
    pairs.save('images/train/0.png', pairs.texture(0).astype(np.uint16) * 16)
    pairs.save('images/train/1.png', pairs.texture(1).astype(np.uint16) * 257)
    result = pairs.check()
    assert 'Other images fill all bits' in find(result, 'only 12').fix
    assert find(result, 'at their full range').severity == 'note'


def test_float_images_are_refused_in_the_loader_s_words(pairs, find):
    (pairs.root / 'images/train/0.png').unlink()
    pairs.save('images/train/0.tif', pairs.texture(0).astype(np.float32))
    finding = find(pairs.check(), 'holds float32 values')
    assert finding.severity == 'error'


def test_brightness_that_training_has_not_seen(pairs, find):
    for name, change in (('3', -40), ('4', 30)):
        pairs.save(f'images/val/{name}.png',
                   cv2.add(pairs.texture(int(name)), change))
    greys = {name: cv2.imread(str(pairs.root / f'images/val/{name}.png'),
                              0).mean() for name in '34'}
    finding = find(pairs.check(), 'Darker or brighter')
    assert finding.severity == 'warning'
    assert (f'2 of the 2 images in val, with mean grey levels of '
            f'{greys["3"]:.0f} to {greys["4"]:.0f}; those of training are 1'
            ) in finding.what
    assert [Path(name).name for name in finding.names] == ['3.png', '4.png']
    # what reaches the darker one, 40 levels and what textures differ by
    known = [cv2.imread(str(path), 0).mean() for path in (
        pairs.root / 'images/train').iterdir()]
    gap = (min(known) - greys['3']) / 255
    advised = float(re.search(r'brightness=([\d.]+)\)', finding.fix)[1])
    assert gap <= advised < gap + 0.05


def test_mean_and_deviation(pairs):
    result = pairs.check()
    pixels = np.concatenate([
        cv2.imread(str(pairs.root / f'images/train/{seed}.png')).reshape(-1, 3)
        for seed in (0, 1, 2)])
    train = result.statistics[0]
    np.testing.assert_allclose(train.mean, pixels.mean(0), rtol=1e-9)
    np.testing.assert_allclose(train.std, pixels.std(0), rtol=1e-9)
    assert train.sizes == {(64, 48): 3}


def test_fractions_of_the_classes(pairs):
    mask = pairs.phases(0)
    mask[:12] = 255
    pairs.save('masks/train/0.png', mask)
    pixels = np.concatenate([
        cv2.imread(str(pairs.root / f'masks/train/{seed}.png'), 0).ravel()
        for seed in (0, 1, 2)])
    train = pairs.check().statistics[0]
    labelled = pixels[pixels != 255]
    np.testing.assert_allclose(
        train.fractions, [(labelled == i).mean() for i in range(3)])
    assert train.ignored == (pixels == 255).mean()
    assert train.masks_with.tolist() == [3, 3, 3]


@pytest.mark.parametrize('size', [(1, 2000), (2000, 1)])
def test_extreme_shapes(pairs, size):
    grey = np.random.default_rng(9).integers(0, 256, size, np.uint8)
    pairs.save('images/train/0.png', grey)
    pairs.save('masks/train/0.png', grey % 3)
    assert not pairs.check().failed


@pytest.mark.parametrize('kind', ['images', 'masks'])
def test_orientation_is_named(pairs, find, kind):
    path = pairs.root / f'{kind}/train/0.png'
    exif = Image.Exif()
    exif[274] = 3
    with Image.open(path) as picture:
        picture.transpose(Image.Transpose.ROTATE_180).save(path, exif=exif)
    result = pairs.check()
    finding = find(result, 'tag Orientation')
    assert '3, turned by 180 degrees' in finding.what
    assert (finding.severity, finding.names) == ('note', (str(path), ))
    assert not result.failed


@pytest.mark.parametrize('kind', ['images', 'masks'])
def test_white_is_zero_is_named(pairs, find, kind):
    path = pairs.root / f'{kind}/train/0.png'
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    path.unlink()
    path.with_suffix('.tif').write_bytes(tiff([grey(pixels, t262=0)]))
    result = pairs.check()
    finding = find(result, 'WhiteIsZero')
    assert finding.severity == 'note'
    assert not result.failed


def test_one_damaged_file_stops_nothing(pairs, find):
    path = pairs.root / 'images/train/0.png'
    header = path.read_bytes()[:16]
    path.write_bytes(header + (60000).to_bytes(4, 'big') * 2
                     + path.read_bytes()[24:])
    result = pairs.check()
    assert find(result, '60000 x 60000').names == (str(path), )
    assert result.statistics[0].masks == 2
@pytest.mark.parametrize('kind', ['images', 'masks'])
def test_links_to_nothing_are_one_finding(pairs, find, kind):
    paths = [pairs.root / f'{kind}/train/{i}.png' for i in (0, 1)]
    for path in paths:
        path.unlink()
        path.symlink_to(f'/annex/{path.name}')
    finding = find(pairs.check(), 'is a link to a file, which is not there')
    assert finding.severity == 'error' and 'git annex get' in finding.what
    assert finding.names == tuple(map(str, paths))


def test_an_image_of_floats_is_named_and_not_its_mask(pairs, find):
    path = pairs.root / 'images/train/0.png'
    path.unlink()
    pairs.save('images/train/0.tif', pairs.texture(0).astype(np.float32))
    found = find(pairs.check(), 'float32')
    assert found.names == (str(path.with_suffix('.tif')), )
