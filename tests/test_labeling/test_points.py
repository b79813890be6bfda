"""Points are pixels (row, column) of the original image."""
import numpy as np
import pytest

from mmseg_ext.labeling import find_points, snap_points, upsample_cam


def hills(*places, shape=(60, 90), width: float = 5) -> np.ndarray:
    """A map with a bell of the given height at each (row, column)."""
    rows, cols = np.indices(shape, sparse=True)
    return np.sum([
        height * np.exp(-((rows - r)**2 + (cols - c)**2) / (2 * width**2))
        for r, c, height in places
    ], axis=0)


def test_maximum_is_row_and_column():
    point, = find_points(hills((10, 70, 1.0), (40, 20, 0.8)))
    assert (point.row, point.col) == (10, 70)
    assert point == (10, 70)


def test_several_peaks_highest_first():
    cam = hills((10, 70, 1.0), (40, 20, 0.8), (50, 80, 0.3))
    assert find_points(cam, 5) == [(10, 70), (40, 20)]
    assert find_points(cam, 5, threshold=0.2) == [(10, 70), (40, 20), (50, 80)]
    assert find_points(cam, 2, threshold=0.2) == [(10, 70), (40, 20)]


def test_points_keep_their_distance():
    cam = hills((30, 30, 1.0), (30, 50, 0.9))
    assert find_points(cam, 5, min_distance=20) == [(30, 30), (30, 50)]
    # Neither the other peak nor the flank at the distance of 21.
    assert find_points(cam, 5, min_distance=21) == [(30, 30)]


@pytest.mark.parametrize('cell', [(0, 0), (0, 2), (3, 0), (3, 2)])
def test_peak_in_a_corner_cell_lies_inside_of_it(cell):
    # Up-sampling leaves a plateau from the cell's centre to the corner.
    grid = np.zeros((4, 3))
    grid[cell] = 1
    point, = find_points(upsample_cam(grid, (40, 60)))
    centre = np.array(cell) * (10, 20) + (4.5, 9.5)
    assert (np.abs(np.array(point) - centre) <= (3, 6)).all()


def test_mirrored_map_gives_the_mirrored_point():
    grid = np.zeros((3, 3))
    grid[1, 0] = 1
    cam = upsample_cam(grid, (31, 31))
    (row, col), = find_points(cam)
    mirrored, = find_points(cam[:, ::-1])
    assert abs(30 - mirrored.col - col) <= 1 and mirrored.row == row == 15


@pytest.mark.parametrize('value', [0.0, -1.0])
def test_nothing_seen_gives_no_point(value):
    assert find_points(np.full((4, 5), value), 3) == []


def test_a_flat_map_has_one_peak_in_the_middle():
    assert find_points(np.ones((5, 7)), 4, min_distance=10) == [(2, 3)]


def test_bad_arguments():
    with pytest.raises(ValueError, match='nan or inf'):
        find_points(np.array([[0, np.nan]]))
    with pytest.raises(ValueError, match=r'\(1, 2, 3\)'):
        find_points(np.zeros((1, 2, 3)))
    for kwargs in (dict(max_points=0), dict(min_distance=0),
                   dict(threshold=0), dict(threshold=1.1)):
        with pytest.raises(ValueError, match=next(iter(kwargs))):
            find_points(np.ones((2, 2)), **kwargs)


@pytest.mark.parametrize('value', [40, 220])
def test_snap_finds_a_thin_line_beside_the_point(value):
    rng = np.random.default_rng(0)
    image = rng.integers(110, 140, (80, 120, 1), np.uint8).repeat(3, 2)
    image[50:53, 20:100] = value
    (row, col), = snap_points(image, [(38, 60)], distance=20)
    assert 50 <= row < 53 and abs(col - 60) <= 16
    # Out of reach: it stays in its neighbourhood.
    (row, col), = snap_points(image, [(20, 60)], distance=20)
    assert np.hypot(row - 20, col - 60) <= 20
    with pytest.raises(ValueError, match=r'outside .* 80 x 120'):
        snap_points(image, [(90, 60)])
