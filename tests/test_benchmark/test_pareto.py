"""The front against a search by hand, and names that cover nothing."""
import itertools

import numpy as np
import pytest
from matplotlib.text import Annotation, Text

from mmseg_ext.benchmark.pareto import (
    Point,
    draw_pareto,
    pareto_front,
    write_pareto,
)
from mmseg_ext.benchmark.suite import Column

MIOU = Column('mIoU', 'mIoU', '%')


def titles(points, better='higher'):
    return [point.title for point in pareto_front(points, better)]


@pytest.mark.parametrize(('better', 'front'), [
    ('higher', ['fast', 'equal', 'twin', 'good']),
    ('lower', ['fast', 'low']),
])
def test_front(better, front):
    points = [
        Point('good', 9, 80), Point('fast', 1, 50), Point('equal', 4, 70),
        Point('twin', 4, 70), Point('slower', 5, 70), Point('low', 6, 40),
        Point('as fast, worse', 4, 60)]
    assert titles(points, better) == front
    assert titles(points[::-1], better)[0] == 'fast'


def test_front_of_many():
    rng = np.random.default_rng(0)
    points = [Point(str(i), *pair)
              for i, pair in enumerate(rng.random((60, 2)))]
    found = pareto_front(points)
    for point in points:
        beaten = any(other.milliseconds < point.milliseconds
                     and other.accuracy > point.accuracy for other in points)
        assert beaten == (point not in found)
    times = [point.milliseconds for point in found]
    assert times == sorted(times)


def crowd():
    """Seventeen models, five of them at nearly the same place."""
    rng = np.random.default_rng(1)
    times = [*np.geomspace(4, 60, 12), 21, 21.5, 22, 22.3, 23]
    means = [*rng.uniform(50, 85, 12), 84, 84.2, 83.6, 84.4, 84.1]
    return [
        Point(f'Model {i}, EfficientNet-Lite0', time, mean, 1.0,
              (0.98 * time, 1.04 * time), i > 11)
        for i, (time, mean) in enumerate(zip(times, means))]


def test_names_cover_no_other_and_no_point():
    points = crowd()
    figure = draw_pareto(points, MIOU, 'Title', 'a machine')
    axes, = figure.axes
    renderer = figure.canvas.get_renderer()
    boxes = {}
    for name in axes.findobj(Annotation):
        name.update_positions(renderer)
        # without the line that leads to it
        boxes[name.get_text()] = Text.get_window_extent(name, renderer)
    assert sorted(boxes) == sorted(point.title for point in points)
    for one, other in itertools.combinations(boxes.values(), 2):
        assert not one.overlaps(other)
    centres = axes.transData.transform(
        [(point.milliseconds, point.accuracy) for point in points])
    for box in boxes.values():
        assert not any(box.contains(*centre) for centre in centres)
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1


def test_written(tmp_path):
    # one run of each, and no quartiles
    points = [Point('a', 3, 50), Point('b', 3, 50), Point('c', 8, 40)]
    write_pareto(tmp_path / 'p.png', points, MIOU, 'Title')
    assert (tmp_path / 'p.png').read_bytes().startswith(b'\x89PNG')
