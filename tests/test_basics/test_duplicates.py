"""The same picture again, and pictures that only look alike."""
import cv2
import numpy as np
import pytest
from scipy.fft import dctn

from mmseg_ext.basics.duplicates import (
    MAX_BITS,
    detail,
    find_duplicates,
    perceptual_hash,
    take_fingerprint,
)


def micrograph(seed: int, size: int = 256) -> np.ndarray:
    """Grains of 8 to 64 pixels, as different as fields of one material."""
    rng = np.random.default_rng(seed)
    grey = np.zeros((size, size), np.float32)
    for cells in (size // 8, size // 16, size // 64):
        noise = rng.normal(0, 1, (cells, cells)).astype(np.float32)
        grey += cv2.resize(noise, (size, size),
                           interpolation=cv2.INTER_CUBIC)
    return (128 + 40 * grey).clip(0, 255).astype(np.uint8)


def jpeg(image):
    content = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
    return cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)


CHANGES = dict(
    jpeg=jpeg,
    half=lambda image: cv2.resize(image, None, fx=0.5, fy=0.5,
                                  interpolation=cv2.INTER_AREA),
    gamma=lambda image: ((image / 255)**0.7 * 255).astype(np.uint8),
    noise=lambda image: (image + np.random.default_rng(9).normal(
        0, 10, image.shape)).clip(0, 255).astype(np.uint8),
    sixteen_bits=lambda image: image.astype(np.uint16) * 257)


@pytest.mark.parametrize('change', CHANGES)
def test_changed_copies_are_found(change):
    images = [micrograph(seed) for seed in range(4)]
    images.append(CHANGES[change](images[1]))
    pairs = find_duplicates([take_fingerprint(image) for image in images])
    assert [(p.first, p.second, p.identical, p.turned) for p in pairs] == [
        (1, 4, False, False)]


@pytest.mark.parametrize('turn', [
    lambda image: image[:, ::-1], lambda image: image[::-1], np.rot90,
    np.transpose, lambda image: np.rot90(image, 3)])
def test_turned_copies_are_found(turn):
    images = [micrograph(seed) for seed in range(3)]
    images.append(jpeg(np.ascontiguousarray(turn(images[0]))))
    pairs = find_duplicates([take_fingerprint(image) for image in images])
    assert [(p.first, p.second, p.turned) for p in pairs] == [(0, 3, True)]


def test_identical_copies():
    """Also where grey is stored in three channels."""
    images = [micrograph(0), micrograph(1), np.stack([micrograph(0)] * 3, -1)]
    pairs = find_duplicates([take_fingerprint(image) for image in images])
    assert [(p.first, p.second, p.identical) for p in pairs] == [(0, 2, True)]


def test_many_identical_copies_are_not_paired_with_each_other():
    prints = [take_fingerprint(micrograph(seed, 64)) for seed in (0, 1, 0, 0)]
    assert [(p.first, p.second) for p in find_duplicates(prints)] == [
        (0, 2), (0, 3)]


def test_fields_of_one_material_are_different():
    images = [micrograph(seed, 64) for seed in range(60)]
    assert not find_duplicates([take_fingerprint(i) for i in images])


def test_products_in_one_place_are_different():
    """One outline in all of them; the hash alone would not tell."""
    images = []
    for seed in range(12):
        image = micrograph(seed) // 8
        cv2.rectangle(image, (60, 40), (200, 220), 200, -1)
        cv2.circle(image, (130, 130), 40, 60, -1)
        shift = np.float32([[1, 0, seed % 4], [0, 1, seed // 4]])
        images.append(cv2.warpAffine(image, shift, (256, 256)))
    prints = [take_fingerprint(image) for image in images]
    bits = [perceptual_hash(p.small) for p in prints]
    assert (bits[0] != bits[1]).sum() <= MAX_BITS
    assert not find_duplicates(prints)


def test_even_pictures():
    prints = [take_fingerprint(np.full((64, 64), value, np.uint8))
              for value in (0, 0, 9)]
    assert [(p.first, p.second) for p in find_duplicates(prints)] == [(0, 1)]
    assert not detail(prints[0].small).any()


def test_nothing_to_compare():
    assert find_duplicates([]) == []


def test_more_pictures_than_a_block(monkeypatch):
    monkeypatch.setattr('mmseg_ext.basics.duplicates.BLOCK', 4)
    prints = [take_fingerprint(micrograph(seed % 9, 64))
              for seed in range(18)]
    assert [(p.first, p.second) for p in find_duplicates(prints)] == [
        (i, i + 9) for i in range(9)]


def test_hash_is_that_of_the_cosine_transform():
    small = micrograph(3, 64)
    quarter = small.astype(float).reshape(32, 2, 32, 2).mean((1, 3))
    waves = dctn(quarter, norm='ortho')[:8, :8].ravel()
    np.testing.assert_array_equal(perceptual_hash(small),
                                  waves > np.median(waves))


def test_fingerprint_is_small():
    fingerprint = take_fingerprint(micrograph(0, 512), np.zeros((512, 512)))
    assert fingerprint.small.nbytes == 64 * 64
    assert len(fingerprint.digest) == len(fingerprint.labels) == 16
