"""COCO's files: polygons, run-length codes, one file for many images."""
import json

import cv2
import numpy as np
import pytest

from mmseg_ext.conversion import LabelMap, convert_masks, find_pairs
from mmseg_ext.conversion.coco import decode_runs, fill_polygon

SIZE = (20, 30)
BOX = [2, 3, 12, 3, 12, 9, 2, 9]  # columns 2 to 11, rows 3 to 8
RULES = ['matrix=unpainted', 'pore=pore', 'crack=crack']


def runs(mask: np.ndarray) -> list[int]:
    """Encode down the columns, run by run."""
    counts, value = [0], 0
    for pixel in mask.T.ravel().tolist():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return counts


def letters(counts: list[int]) -> str:
    """Encode numbers as letters, as pycocotools' C code does."""
    text = ''
    for i, count in enumerate(counts):
        number = count - counts[i - 2] if i > 2 else count
        more = True
        while more:
            bits = number & 31
            number >>= 5
            more = number != (-1 if bits & 16 else 0)
            text += chr((bits | 32 * more) + 48)
    return text


def coco(annotations, names=('a.png', 'b.png'), **changes) -> dict:
    return dict(
        images=[dict(id=i + 7, file_name=name, height=SIZE[0], width=SIZE[1])
                for i, name in enumerate(names)],
        categories=[dict(id=3, name='pore'), dict(id=90, name='crack')],
        annotations=[dict(dict(id=i, image_id=7, category_id=3), **entry)
                     for i, entry in enumerate(annotations)], **changes)


@pytest.fixture
def lay(tmp_path):
    """Return a function that writes images and JSON files."""
    def make(images, files):
        for i, name in enumerate(images):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(i).integers(0, 200, SIZE, np.uint8)
            path.write_bytes(cv2.imencode('.png', pixels)[1].tobytes())
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
        return tmp_path
    return make


def blob(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, SIZE).astype(np.float32)
    return (cv2.GaussianBlur(noise, (0, 0), 1 + seed) > 0.05).astype(int)


@pytest.mark.parametrize('seed', range(4))
def test_run_length_codes(seed):
    for mask in (blob(seed), 1 - blob(seed), 0 * blob(0), 0 * blob(0) + 1):
        counts = runs(mask)
        for code in (counts, letters(counts)):
            np.testing.assert_array_equal(
                decode_runs(dict(size=list(SIZE), counts=code), SIZE), mask)


@pytest.mark.parametrize('code, words', [
    (dict(size=[30, 20], counts=[600]), 'of the size'),
    (dict(counts=[600]), 'of the size'), (dict(size=7), 'of the size'),
    (dict(size=[20, 30], counts=[599]), 'damaged'),
    (dict(size=[20, 30], counts=[-1, 601]), 'damaged'),
    (dict(size=[20, 30], counts=[600.0]), 'damaged'),
    (dict(size=[20, 30], counts='~~'), 'damaged'),
    (dict(size=[20, 30], counts='o' * 999), 'damaged'),
    (dict(size=[20, 30], counts=None), 'damaged'),
    (dict(size=[20, 30], counts=[10**30]), 'damaged')])
def test_damaged_codes(code, words):
    with pytest.raises(ValueError, match=words):
        decode_runs(code, SIZE)


def test_as_pycocotools_decodes():
    mask = pytest.importorskip('pycocotools.mask')
    for seed in range(6):
        expected = blob(seed).astype(np.uint8)
        code = mask.encode(np.asfortranarray(expected))
        assert code['counts'].decode() == letters(runs(expected))
        np.testing.assert_array_equal(decode_runs(
            dict(size=list(SIZE), counts=code['counts'].decode()), SIZE),
            expected)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        angles = np.sort(rng.random(9)) * 2 * np.pi
        points = np.stack([60 + rng.uniform(20, 60) * np.cos(angles),
                           50 + rng.uniform(20, 60) * np.sin(angles)], 1)
        expected = mask.decode(mask.merge(mask.frPyObjects(
            [points.ravel().tolist()], 100, 120))).astype(bool)
        found = fill_polygon(points, (100, 120))
        # theirs rounds corners to a fifth of a pixel
        assert (found != expected).sum() < 0.02 * expected.sum()


def test_polygon_covers_the_pixels_whose_centres_are_inside():
    rows, columns = np.indices((40, 50)) + 0.5
    triangle = np.array([[5.2, 3.1], [44.9, 10.7], [17.3, 38.8]])
    expected = np.ones((40, 50), bool)
    for one, other in zip(triangle, np.roll(triangle, -1, axis=0)):
        step = other - one
        expected &= (step[0] * (rows - one[1])
                     - step[1] * (columns - one[0])) > 0
    np.testing.assert_array_equal(fill_polygon(triangle, (40, 50)), expected)
    box = np.array(BOX, float).reshape(-1, 2)
    expected = np.zeros(SIZE, bool)
    expected[3:9, 2:12] = True
    np.testing.assert_array_equal(fill_polygon(box, SIZE), expected)
    beyond = np.array([[-9, -9], [90, -9], [90, 5], [-9, 5.]])
    assert fill_polygon(beyond, SIZE)[:5].all()
    assert not fill_polygon(beyond, SIZE)[5:].any()
    assert not fill_polygon(beyond - 100, SIZE).any()


def test_a_set(lay):
    ring = np.zeros(SIZE, int)
    ring[10:18, 15:25] = 1
    ring[12:14, 18:20] = 0
    content = coco([
        dict(segmentation=[BOX]),
        dict(segmentation=dict(size=list(SIZE), counts=letters(runs(ring))),
             category_id=90, iscrowd=1)])
    root = lay(['images/a.png', 'images/b.png'],
               {'annotations.json': content})
    pairs, notes = find_pairs(root, masks='annotations.json', split=(1, 1))
    assert notes == []
    record = convert_masks(root / 'out', pairs, LabelMap(RULES), split=(1, 1))
    expected = np.zeros(SIZE, np.uint8)
    expected[3:9, 2:12] = 1
    expected[ring == 1] = 2
    # the image that nothing was drawn on is all matrix
    for name, ids in (('a', expected), ('b', 0 * expected)):
        path, = (root / 'out').glob(f'masks/*/{name}.png')
        np.testing.assert_array_equal(cv2.imread(str(path), -1), ids)
    assert record['classes'] == ['matrix', 'pore', 'crack']


def test_roboflow_layout_and_masks_in_a_folder(lay):
    """train/_annotations.coco.json beside its images, and so on."""
    files = {f'{part}/_annotations.coco.json': coco(
        [dict(segmentation=[BOX])], ['x/a.png', 'b.png'])
        for part in ('train', 'val')}
    root = lay([f'{part}/{name}.png' for part in ('train', 'val')
                for name in 'ab'], files)
    pairs, notes = find_pairs(root, '{split}', '{split}')
    assert notes == []
    assert [(pair.split, pair.name, pair.mask) for pair in pairs] == [
        (part, name, str(root / f'{part}/_annotations.coco.json'))
        for part in ('train', 'val') for name in 'ab']
    with pytest.raises(ValueError, match='which mask is meant'):
        find_pairs(lay(['images/a.png'], {
            f'jsons/{n}.json': coco([]) for n in '12'}), masks='jsons',
            split=(1, 0))


def test_folders_decide_between_images_of_one_name(lay):
    root = lay(['images/A/1.png', 'images/B/1.png'], {
        'all.json': coco([dict(segmentation=[BOX], image_id=8)],
                         ['data\\A\\1.png', 'data\\B\\1.png'])})
    pairs, _ = find_pairs(root, masks='all.json', split=(1, 0))
    drawn = {pair.name: LabelMap(RULES).draw(
        pair.mask, SIZE, pair.image).any() for pair in pairs}
    assert drawn == {'A/1': False, 'B/1': True}
    root = lay([], {'all.json': coco([], ['A/1.png', 'B/1.png'])})
    with pytest.raises(ValueError, match=r'2 images of the name of .*1\.png'):
        LabelMap(RULES).draw(str(root / 'all.json'), SIZE, 'C/1.png')


def test_images_that_are_not_there_are_told(lay):
    root = lay(['images/a.png'], {'all.json': coco([])})
    pairs, notes = find_pairs(root, masks='all.json', split=(1, 0))
    assert [pair.name for pair in pairs] == ['a']
    assert notes == [f'1 of the 2 images in {root / "all.json"} are not '
                     'there or not used']


@pytest.mark.parametrize('entry, words', [
    (dict(segmentation=[]), 'a box without a segmentation'),
    (dict(bbox=[1, 2, 3, 4]), 'a box without a segmentation'),
    (dict(segmentation=[[1, 2, 3, 4]]), 'covers no area'),
    (dict(segmentation=[[1, 2, 3, 4, 5]]), 'covers no area'),
    (dict(segmentation=[[1, 2, 3, 4, 5, float('nan')]]), 'not two numbers'),
    (dict(segmentation=[[1, 2, 3, 4, 5, '6']]), 'not two numbers'),
    (dict(segmentation=[[1, 2, 3, 4, 5, 2**31]]), 'not two numbers'),
    (dict(segmentation=[[1, 2, 3, 4, 5, 9999]]), 'far outside'),
    (dict(segmentation=dict(size=[1, 1], counts=[1])), 'of the size'),
    (dict(segmentation=[BOX], category_id=4), 'the category 4, which is not')])
def test_annotations_that_cannot_be_drawn(lay, entry, words):
    root = lay([], {'a.json': coco([dict(segmentation=[BOX]), entry])})
    with pytest.raises(ValueError, match=rf'a\.json: annotation 1 .*{words}'):
        LabelMap(RULES).draw(str(root / 'a.json'), SIZE, 'a.png')


@pytest.mark.parametrize('changes, words', [
    (dict(categories=None), 'no list of categories'),
    (dict(categories=[dict(id=1)]), 'entry 0 of its categories lacks'),
    (dict(annotations=[dict(id=1)]), 'entry 0 of its annotations lacks'),
    (dict(annotations=[dict(image_id=1, category_id=3)]), 'none of its im'),
    (dict(images=[dict(id=7, file_name='a.png')] * 2), 'two images of the')])
def test_files_that_are_damaged(lay, changes, words):
    root = lay([], {'a.json': dict(coco([]), **changes)})
    with pytest.raises(ValueError, match=rf'a\.json.*{words}'):
        LabelMap(RULES).draw(str(root / 'a.json'), SIZE, 'a.png')
