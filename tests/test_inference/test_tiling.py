"""Tiles against the whole image, with networks written out here."""
import tracemalloc
from itertools import pairwise

import cv2
import numpy as np
import pytest

from mmseg_ext.inference import Tiling, predict_tiled
from mmseg_ext.inference.tiling import blend_weights, tile_starts

RNG = np.random.default_rng(0)
KERNELS = RNG.normal(size=(3, 4, 3, 3)).astype(np.float32)
REACH = 4  # pixels: four convolutions of 3 x 3


class ConvNet:
    """Four convolutions with zero padding, for each of three classes.

    At a stride: of means over blocks, enlarged again.
    """

    def __init__(self, stride: int = 1) -> None:
        self.stride = stride
        self.sizes = []

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        self.sizes.append(batch.shape[:3])
        return np.stack([self.one(image) for image in batch])

    def one(self, image: np.ndarray) -> np.ndarray:
        grey = image.mean(axis=2, dtype=np.float32) / 255 - 0.5
        s, (height, width) = self.stride, grey.shape
        grey = np.pad(grey, ((0, -height % s), (0, -width % s)))
        grey = grey.reshape(len(grey) // s, s, -1, s).mean(axis=(1, 3))
        logits = []
        for kernels in KERNELS:
            x = grey
            for kernel in kernels:
                x = cv2.filter2D(x, -1, kernel,
                                 borderType=cv2.BORDER_CONSTANT)
            logits.append(x.repeat(s, 0).repeat(s, 1)[:height, :width])
        return np.stack(logits)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(
        0, 256, (height, width, 3), np.uint8)


def differences(net, image, tiling) -> np.ndarray:
    whole = net(image[None])[0].argmax(0)
    tiled = predict_tiled(net, image, 3, tiling)
    assert tiled.dtype == np.uint8
    return np.argwhere(whole != tiled)


@pytest.mark.parametrize(('size', 'tile', 'overlap'), [
    ((64, 64), (32, 32), (16, 16)),
    ((97, 131), (32, 32), (16, 16)),  # divides by nothing
    ((33, 100), (32, 32), (16, 16)),  # one row more than a tile
    ((50, 77), (32, 40), (16, 20)),
    ((31, 200), (40, 40), (16, 16)),  # lower than a tile
    ((20, 30), (32, 32), (16, 16)),  # smaller than a tile
])
def test_equals_whole_image_where_the_network_reaches_no_farther(
        size, tile, overlap):
    assert min(overlap) // 4 >= REACH
    assert not len(differences(
        ConvNet(), picture(*size), Tiling(tile, overlap, 3, align=1)))


def test_farther_reaching_networks_differ_at_seams_alone():
    image, tiling = picture(120, 120), Tiling((40, 40), (8, 8), align=1)
    found = differences(ConvNet(), image, tiling)
    assert len(found)
    starts = tile_starts(120, 40, 8)
    edges = [*starts[1:], *(start + 40 for start in starts[:-1])]
    near = [any(-REACH <= x - edge < REACH for edge in edges)
            for x in range(120)]
    assert all(near[row] or near[col] for row, col in found)


def test_starts_keep_the_grid_of_the_network():
    net, image = ConvNet(stride=4), picture(250, 303)
    overlap = 4 * (4 * REACH + 3)  # cells, and the rest of the last cell
    aligned = Tiling((160, 160), (overlap, overlap), align=4)
    assert aligned.starts(250, 303) == [[0, 84, 92], [0, 84, 144]]
    assert not len(differences(net, image, aligned))
    # off the grid, cells are means over other pixels
    assert len(differences(net, image, Tiling(
        (161, 161), (overlap, overlap), align=1)))


@pytest.mark.parametrize('length', [1, 31, 32, 33, 63, 64, 65, 100, 1000])
@pytest.mark.parametrize(('tile', 'overlap', 'align'), [
    (32, 0, 1), (32, 7, 1), (32, 8, 4), (32, 16, 1), (32, 16, 16),
])
def test_every_pixel_has_weights_that_add_up_to_1(
        length, tile, overlap, align):
    starts = tile_starts(length, tile, overlap, align)
    weights = blend_weights(length, starts, tile, overlap)
    total, tiles_at = np.zeros(length), np.zeros(length, int)
    for start, weight in zip(starts, weights):
        assert start % align == 0 and len(weight) <= tile
        total[start:start + len(weight)] += weight
        tiles_at[start:start + len(weight)] += 1
    np.testing.assert_allclose(total, 1, atol=1e-6)
    assert (tiles_at >= 1).all()
    for first, second in pairwise(starts):
        assert first < second <= first + tile - overlap
    assert starts[-1] + len(weights[-1]) == length
    assert len(weights[-1]) > tile - align or len(starts) == 1


def test_one_tile_fades_into_the_next():
    first, second = blend_weights(48, [0, 16], 32, 16)
    np.testing.assert_array_equal(first[:20], 1)
    np.testing.assert_array_equal(first[28:], 0)
    # between them half a period of a squared cosine, at the pixels' middles
    np.testing.assert_allclose(
        first[20:28], np.cos(np.pi / 16 * (np.arange(8) + 0.5))**2,
        rtol=1e-6)
    np.testing.assert_allclose(second, first[::-1], rtol=1e-6)


def test_number_of_tiles_is_linear_in_the_pixels():
    tiling = Tiling()
    counts = [tiling.count(side, side) for side in (896, 8960, 17920)]
    assert counts == [1, 100, 400]
    assert tiling.count(1024, 1024) == 1
    assert tiling.count(12000, 12000) == 14**2


def test_network_sees_tiles_of_the_given_size_in_batches():
    net = ConvNet()
    seen = []
    predict_tiled(net, picture(64, 106), 3, Tiling(
        (32, 32), (8, 8), batch=3, align=8), lambda *done: seen.append(done))
    # columns 0, 24, 48, 72 and 80, of which the last has 26
    assert net.sizes == [(3, 32, 32), (1, 32, 32), (1, 32, 26)] * 3
    assert seen[-1] == (15, 15) and seen[0] == (3, 15)


def test_memory_is_that_of_a_strip():
    height, width, side = 4000, 400, 100
    image = np.zeros((height, width, 3), np.uint8)

    def net(batch):
        return np.zeros((len(batch), 8, *batch.shape[1:3]), np.float32)

    tracemalloc.start()
    predict_tiled(net, image, 8, Tiling((side, side), (20, 20), align=1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    strip, logits = 8 * side * width * 4, 8 * height * width * 4
    assert peak < height * width + 3 * strip < logits / 4


@pytest.mark.parametrize(('arguments', 'found'), [
    (dict(tile=(16, 64)), 'tile'),
    (dict(overlap=(600, 100)), 'overlap'),
    (dict(overlap=(-1, 0)), 'overlap'),
    (dict(tile=(40, 40), overlap=(20, 20)), 'overlap'),
    (dict(batch=0), 'batch'),
    (dict(align=0), 'tile'),
])
def test_bad_arguments(arguments, found):
    with pytest.raises(ValueError, match=f'^{found}='):
        Tiling(**arguments)
