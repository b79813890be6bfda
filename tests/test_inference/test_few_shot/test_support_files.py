"""Folders of labelled images, and every way in which they do not fit."""
import json
import shutil

import cv2
import numpy as np
import pytest
from colour_encoder import BLUE, RED, mask_of, picture

from mmseg_ext.basics.labelme_files import ids_to_shapes, write_shapes
from mmseg_ext.inference.few_shot import read_supports
from mmseg_ext.inference.preparation import Preparation

IMAGES = {'a': picture((RED, 8, 16, 16)),
          'b': picture((RED, 8, 8, 8), (BLUE, 32, 32, 8), size=(40, 72))}
CLASSES = ['background', 'red', 'blue']


@pytest.fixture
def root(tmp_path):
    root = tmp_path / 'support'
    for folder in ('images', 'masks', 'good'):
        (root / folder).mkdir(parents=True)
    for name, image in IMAGES.items():
        cv2.imwrite(str(root / f'images/{name}.png'), image)
        cv2.imwrite(str(root / f'masks/{name}.png'),
                    (mask_of(image) > 0) * np.uint8(255))
    cv2.imwrite(str(root / 'good/c.png'), picture())
    return root


def write_ids(root, name: str) -> None:
    cv2.imwrite(str(root / f'masks/{name}.png'), mask_of(IMAGES[name]))


def write_json(root, name: str, folder: str = 'masks') -> None:
    (root / f'masks/{name}.png').unlink()
    ids = mask_of(IMAGES[name])
    write_shapes(root / folder / f'{name}.json', root / f'images/{name}.png',
                 ids_to_shapes(ids, CLASSES), ids.shape)


@pytest.mark.parametrize('ending', ['', '_mask', '_GT'])
def test_masks_of_one_kind(root, ending):
    (root / 'masks/a.png').rename(root / f'masks/a{ending}.png')
    found = read_supports(root)
    assert found.classes is None
    assert [name.rsplit('/', 1)[1] for name in found.names] == [
        'a.png', 'b.png', 'c.png']
    for image, mask, wanted in zip(
            found.images, found.masks, IMAGES.values()):
        np.testing.assert_array_equal(image, wanted)
        np.testing.assert_array_equal(mask, mask_of(wanted) > 0)
    np.testing.assert_array_equal(found.good, [picture()])


def test_what_nobody_can_tell(root):
    for name in IMAGES:
        write_json(root, name)
    path = root / 'masks/b.json'
    content = json.loads(path.read_text())
    content['shapes'][-1]['label'] = 'ignore'
    path.write_text(json.dumps(content))
    found = read_supports(root)
    assert 'ignore' not in found.classes
    assert 255 in found.masks[1]


def test_class_ids(root):
    for name in IMAGES:
        write_ids(root, name)
    found = read_supports(root, CLASSES)
    assert found.classes == CLASSES
    np.testing.assert_array_equal(found.masks[1], mask_of(IMAGES['b']))


@pytest.mark.parametrize('folder', ['masks', 'images'])
@pytest.mark.parametrize('classes', [CLASSES, None])
def test_labelme(root, folder, classes):
    for name in IMAGES:
        write_json(root, name, folder)
    found = read_supports(root, classes)
    # without names: in the order of the alphabet
    assert found.classes == (classes or ['background', 'blue', 'red'])
    expected = mask_of(IMAGES['b'])
    if classes is None:
        expected = np.array([0, 2, 1])[expected]
    np.testing.assert_array_equal(found.masks[1], expected)


def test_good_alone(root):
    shutil.rmtree(root / 'images')
    shutil.rmtree(root / 'masks')
    found = read_supports(root)
    assert (len(found.images), len(found.good)) == (0, 1)


def test_rows_are_cut_off_masks_too(root):
    found = read_supports(root, None, Preparation(crop_bottom=8))
    assert found.images[0].shape[:2] == found.masks[0].shape == (40, 64)


def change_labels(root) -> None:
    write_json(root, 'a')
    path = root / 'masks/a.json'
    path.write_text(path.read_text().replace('"red"', '"rust"'))


def change_size(root) -> None:
    write_json(root, 'a')
    path = root / 'masks/a.json'
    path.write_text(json.dumps(
        {**json.loads(path.read_text()), 'imageHeight': 99}))


@pytest.mark.parametrize('change, message, classes', [
    (lambda root: shutil.rmtree(root), 'no folder .* Expected are', None),
    (lambda root: [shutil.rmtree(root / one) for one in ('images', 'good')],
     'no image in .*/images and .*/good', None),
    (lambda root: (root / 'masks/a.png').unlink(),
     '1 image has no mask: .*a.png', None),
    (lambda root: (root / 'images/a.png').unlink(),
     '1 mask has no image: .*a.png', None),
    (lambda root: shutil.copy(root / 'masks/a.png', root / 'masks/a_GT.png'),
     'has 2 masks', None),
    (lambda root: cv2.imwrite(str(root / 'masks/a.png'), mask_of(
        IMAGES['a'])[:30]), '30 x 64 pixels, its image 48 x 64', None),
    (lambda root: write_ids(root, 'b'), r'values 0, 1, 2; .* --classes',
     None),
    (lambda root: cv2.imwrite(str(root / 'masks/a.png'), np.full(
        (48, 64), 7, np.uint8)), 'a.png holds values that are no class: 7',
     CLASSES),
    (lambda root: cv2.imwrite(str(root / 'masks/a.png'), IMAGES['a']),
     'is in colour', None),
    (change_labels, "labelled 'rust'; allowed are", CLASSES),
    (change_size, '99 x 64 pixels', None),
    (lambda root: (root / 'images/a.png').write_bytes(b'none'),
     'a.png cannot be read', None),
])
def test_bad_folders(root, change, message, classes):
    change(root)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_supports(root, classes)
