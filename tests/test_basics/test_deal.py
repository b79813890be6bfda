"""Parts that have every class, where the images allow it."""
from itertools import combinations

import cv2
import numpy as np
import pytest

from mmseg_ext.basics.deal import deal_images, part_sizes
from mmseg_ext.basics.duplicates import take_fingerprint

PARTS = ('train', 'val', 'test')


def texture(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (16, 16), np.uint8)
    return cv2.resize(coarse, (64, 64), interpolation=cv2.INTER_NEAREST)


def deal(classes, ratios=(6, 2, 2), seed=0, images=None) -> dict:
    """Return part -> numbers of its images."""
    classes = np.array(classes, bool)
    names = [f'image {i}' for i in range(len(classes))]
    images = images or [texture(i) for i in range(len(classes))]
    found = deal_images(names, classes, list(map(take_fingerprint, images)),
                        ratios, seed)
    return {part: [i for i, other in enumerate(found.parts) if other == part]
            for part in PARTS}


def lacking(classes, parts) -> dict:
    """Return part -> classes that it has no image of."""
    classes = np.array(classes, bool)
    return {part: np.flatnonzero(~classes[numbers].any(0)).tolist()
            for part, numbers in parts.items() if numbers}


def fewest_gaps(classes, sizes) -> int:
    """Try all ways to deal the images out."""
    everything = set(range(len(classes)))
    fewest = classes.size
    for val in combinations(sorted(everything), sizes[1]):
        rest = everything - set(val)
        for test in combinations(sorted(rest), sizes[2]):
            parts = [list(rest - set(test)), list(val), list(test)]
            fewest = min(fewest, sum(
                int((~classes[part].any(0)).sum()) for part in parts))
    return fewest


@pytest.mark.parametrize('seed', range(20))
def test_no_part_lacks_a_class_if_that_can_be(seed):
    """Rare classes in few images, seldom together."""
    rng = np.random.default_rng(seed)
    classes = np.zeros((10, 5), bool)
    classes[:, :2] = True
    for class_id in (2, 3, 4):
        classes[rng.permutation(10)[:3 + seed % 2], class_id] = True
    parts = deal(classes, seed=seed)
    assert [len(parts[part]) for part in PARTS] == [6, 2, 2]
    gaps = sum(map(len, lacking(classes, parts).values()))
    assert gaps == fewest_gaps(classes, (6, 2, 2))


def test_what_one_or_two_images_have_is_trained_first():
    classes = np.ones((10, 3), bool)
    classes[1:, 1] = classes[2:, 2] = False
    assert lacking(classes, deal(classes)) == dict(
        train=[], val=[1], test=[1, 2])


def test_fractions_of_every_class_are_kept():
    """A tenth of 100 images has defects, three of them of a second kind."""
    classes = np.zeros((100, 3), bool)
    classes[:, 0] = True
    classes[:10, 1] = True
    classes[7:12, 2] = True
    parts = deal(classes)
    assert [len(parts[part]) for part in PARTS] == [60, 20, 20]
    counts = [classes[parts[part]].sum(0).tolist()[1:] for part in PARTS]
    assert counts == [[6, 3], [2, 1], [2, 1]]


def test_same_seed_same_parts_whatever_the_order():
    classes = np.ones((30, 2), bool)
    assert deal(classes) == deal(classes)
    assert deal(classes) != deal(classes, seed=1)
    names = [f'image {i}' for i in range(30)]
    prints = [take_fingerprint(texture(i)) for i in range(30)]
    forward = deal_images(names, classes, prints)
    backward = deal_images(names[::-1], classes, prints[::-1])
    assert backward.parts == forward.parts[::-1]


def test_near_duplicates_stay_together():
    images = [texture(i) for i in range(8)]
    images += [cv2.flip(images[0], 1), np.rot90(images[0]).copy(),
               (images[3] * 0.8).astype(np.uint8)]
    classes = np.ones((11, 2), bool)
    for seed in range(8):
        parts = deal(classes, seed=seed, images=images)
        for group in ({0, 8, 9}, {3, 10}):
            assert any(group <= set(part) for part in parts.values())
        assert all(parts.values())
    found = deal_images(list('abcdefghijk'), classes,
                        list(map(take_fingerprint, images)))
    assert found.alike == [[0, 8, 9], [3, 10]]


@pytest.mark.parametrize('number, ratios, sizes', [
    (10, (6, 2, 2), (6, 2, 2)), (12, (6, 2, 2), (7, 2, 3)),
    (10, (0.8, 1 - 0.8, 0), (8, 2, 0)), (5, (6, 2, 2), (3, 1, 1)),
    (3, (6, 2, 2), (1, 1, 1)), (2, (0.8, 0.2, 0), (1, 1, 0)),
    (1, (6, 2, 2), (1, 0, 0)), (4, (1, 0, 0), (4, 0, 0)),
    (7, (0, 1, 1), (0, 4, 3)), (0, (6, 2, 2), (0, 0, 0))])
def test_sizes_of_the_parts(number, ratios, sizes):
    assert tuple(part_sizes(number, ratios)) == sizes


@pytest.mark.parametrize('ratios', [
    (1, 1), (0, 0, 0), (1, -1, 1), (float('nan'), 1, 1)])
def test_ratios_are_checked(ratios):
    with pytest.raises(ValueError, match='must be the proportions'):
        deal(np.ones((3, 1)), ratios)


def test_images_without_a_class():
    parts = deal(np.zeros((10, 2)))
    assert [len(parts[part]) for part in PARTS] == [6, 2, 2]


def test_many_images_are_dealt_quickly():
    rng = np.random.default_rng(0)
    classes = rng.random((500, 8)) < np.geomspace(1, 1e-3, 8)
    classes[0] = True
    parts = deal(classes, images=[rng.integers(0, 255, (8, 8), np.uint8)
                                  for _ in range(500)])
    assert sum(map(len, parts.values())) == 500
