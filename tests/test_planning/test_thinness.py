import cv2
import numpy as np
import pytest

from mmseg_ext.planning.thinness import Thinness


def through_a_grid(labels, num_classes, stride):
    """Average one-hot cells, enlarge linearly by hand, take the largest."""
    height, width = (side // stride for side in labels.shape)
    one_hot = np.eye(num_classes)[labels]
    cells = one_hot.reshape(height, stride, width, stride, -1).mean((1, 3))

    def positions(length):
        place = (np.arange(length * stride) + 0.5) / stride - 0.5
        low = np.clip(np.floor(place), 0, length - 1).astype(int)
        high = np.clip(low + 1, 0, length - 1)
        return low, high, np.clip(place - low, 0, 1)

    low, high, part = positions(height)
    rows = (cells[low] * (1 - part)[:, None, None]
            + cells[high] * part[:, None, None])
    low, high, part = positions(width)
    fine = (rows[:, low] * (1 - part)[:, None]
            + rows[:, high] * part[:, None])
    return fine.argmax(-1)


@pytest.mark.parametrize('stride', [2, 4])
def test_what_a_coarse_grid_keeps(stride):
    rng = np.random.default_rng(0)
    masks = [np.kron(rng.integers(0, 3, (8, 12)), np.ones((3, 2), int))
             for _ in range(3)]
    masks = [mask[:24 // stride * stride].astype(np.uint8) for mask in masks]
    measure = Thinness(3, stride)
    both, either = np.zeros(3), np.zeros(3)
    for mask in masks:
        measure.add(mask)
        seen = through_a_grid(mask, 3, stride)
        for i in range(3):
            both[i] += ((mask == i) & (seen == i)).sum()
            either[i] += ((mask == i) | (seen == i)).sum()
    # ties of two classes go by rounding
    assert measure.iou() == pytest.approx(both / either, abs=0.03)


def test_a_line_is_lost_and_a_half_plane_is_kept():
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 1
    mask[20] = 2
    measure = Thinness(4, 4)
    measure.add(mask)
    halves, line, absent = measure.iou()[:2], *measure.iou()[2:]
    assert min(halves) > 0.95
    assert line == 0
    assert np.isnan(absent)


def test_unlabelled_pixels_do_not_count():
    mask = np.full((32, 32), 255, np.uint8)
    mask[:16] = 0
    measure = Thinness(2, 4)
    measure.add(mask)
    assert measure.iou()[0] == 1


@pytest.mark.shared_data
def test_super1_as_published(repository):
    """The mean over classes, and tertiary precipitates at stride 4."""
    root = repository.parent / 'shared/data/nasa_super1/test_annot'
    if not root.is_dir():
        pytest.skip(f'needs the images of NASA Super1 in {root}')
    measures = {stride: Thinness(3, stride) for stride in (2, 4)}
    for path in root.iterdir():
        blue, green, red, _ = cv2.split(cv2.imread(str(path), -1))
        labels = np.where(blue > green, 1, np.where(red > green, 2, 0))
        for measure in measures.values():
            measure.add(labels.astype(np.uint8))
    assert 100 * np.mean(measures[2].iou()) == pytest.approx(97.0, abs=0.1)
    assert 100 * np.mean(measures[4].iou()) == pytest.approx(91.0, abs=0.1)
    assert 100 * measures[4].iou()[2] == pytest.approx(76.4, abs=0.1)
