"""Where windows lie, and what they give to a pixel."""
import numpy as np
import pytest

from mmseg_ext.inference.windows import Windows


def seen(windows: Windows, length: int) -> list[tuple[int, int]]:
    """Return first and last row of each window of an image."""
    image = np.zeros((1, length, 5, 3), np.uint8)
    image[0, :, :, 0] = np.arange(length)[:, None]
    found = []

    def run(batch: np.ndarray) -> np.ndarray:
        rows = batch[0, :, 0, 0].tolist()
        assert rows == list(range(rows[0], rows[-1] + 1))
        found.append((rows[0], rows[-1]))
        return np.zeros((1, 2, *batch.shape[1:3]), np.float32)

    windows.logits(run, image)
    return found


@pytest.mark.parametrize(('length', 'divisor', 'expected'), [
    (3, 1, [(0, 2)]),
    (4, 1, [(0, 3)]),
    (10, 1, [(0, 3), (3, 6), (6, 9)]),
    # the last one is moved back
    (12, 1, [(0, 3), (3, 6), (6, 9), (8, 11)]),
    # as of 12 rows, of which two are padding
    (10, 4, [(0, 3), (3, 6), (6, 9), (8, 9)]),
    (3, 4, [(0, 2)]),
])
def test_where_windows_lie(length, divisor, expected):
    windows = Windows((4, 8), (3, 8), divisor)
    assert seen(windows, length) == expected


def test_mean_where_windows_overlap():
    numbers = iter((1.0, 2.0, 6.0))

    def run(batch: np.ndarray) -> np.ndarray:
        return np.full((2, 1, *batch.shape[1:3]), next(numbers), np.float32)

    found = Windows((2, 3), (2, 2)).logits(
        run, np.zeros((2, 2, 6, 3), np.uint8))
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found, np.broadcast_to([1, 1, 1.5, 4, 4, 6], (2, 1, 2, 6)))


@pytest.mark.parametrize(('size', 'stride', 'divisor', 'sentence'), [
    ((4, 4), (4, 5), 1, r'stride=\(4, 5\): must be from 1'),
    ((4, 4), (0, 4), 1, r'stride=\(0, 4\): must be from 1'),
    ((4, 6), (4, 4), 4, r'crop_size=\(4, 6\): must be a multiple'),
])
def test_bad_arguments(size, stride, divisor, sentence):
    with pytest.raises(ValueError, match=sentence):
        Windows(size, stride, divisor)
