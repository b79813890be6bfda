import cv2
import numpy as np
import pytest

from mmseg_ext.planning.fingerprint import take_facts
from mmseg_ext.planning.source import find_source


def write(root, image, mask, name='a'):
    for folder, array in (('images', image), ('masks', mask)):
        (root / folder).mkdir(exist_ok=True)
        assert cv2.imwrite(str(root / folder / f'{name}.png'), array)


def facts_of(root, **options):
    return take_facts(find_source(str(root), **options))


HALVES = np.repeat(np.arange(2, dtype=np.uint8), 16)[:, None].repeat(24, 1)


def test_what_is_noted(tmp_path):
    image = np.where(HALVES, 200, 100).astype(np.uint8)
    mask = HALVES.copy()
    mask[0] = 255
    write(tmp_path, image, mask)
    done = []
    facts = take_facts(find_source(str(tmp_path)),
                       lambda *numbers: done.append(numbers))
    assert facts.classes == ('class_0', 'class_1')
    assert facts.reading == {}
    image, = facts.images
    assert (image.height, image.width, image.grey, image.bits) == (
        32, 24, True, 8)
    assert image.pixels == (15 * 24, 16 * 24)
    assert image.unlabelled == 24
    assert (image.mean, image.std) == (150, 50)
    assert done == [(1, 1)]
    assert facts.record()['images'][0]['name'] == 'a'


def test_a_shorter_mask_and_few_bits(tmp_path):
    write(tmp_path, np.full((40, 24), 3000, np.uint16), HALVES)
    facts = facts_of(tmp_path)
    assert facts.reading == dict(info_band='mask', bit_depth=12)
    assert facts.images[0].height == 32
    assert facts.images[0].mean == pytest.approx(3000 * 255 / 4095, abs=1)


def test_one_class_alone_is_refused(tmp_path):
    write(tmp_path, np.zeros((8, 8), np.uint8), np.ones((8, 8), np.uint8))
    with pytest.raises(ValueError, match='one class alone, class_1'):
        facts_of(tmp_path)


@pytest.mark.parametrize('values', [(0, 255), (0, 128, 255), (0, 200)])
def test_values_that_are_no_ids(tmp_path, values):
    mask = np.array(values, np.uint8)[None].repeat(8, 0)
    write(tmp_path, np.zeros(mask.shape, np.uint8), mask)
    with pytest.raises(ValueError, match='convert_masks'):
        facts_of(tmp_path)


def test_colours_are_no_ids(tmp_path):
    mask = np.zeros((8, 8, 3), np.uint8)
    mask[:4] = 10, 20, 30
    write(tmp_path, np.zeros((8, 8), np.uint8), mask)
    with pytest.raises(ValueError, match='a picture in colours'):
        facts_of(tmp_path)


def test_more_values_than_classes_that_are_named(tmp_path):
    write(tmp_path, np.zeros((8, 8), np.uint8),
          np.arange(64, dtype=np.uint8).reshape(8, 8) % 3)
    with pytest.raises(ValueError, match='no class'):
        facts_of(tmp_path, classes=('a', 'b'))
