"""The figure of diameters, read back from its axes."""
import numpy as np
import pytest

from mmseg_ext.inference.diameter_plot import draw_diameters

PALETTE = [[0, 0, 0], [255, 0, 0], [0, 0, 255]]


def test_every_feature_is_in_a_bar():
    sizes = np.random.default_rng(0).lognormal(0, 1, 200)
    figure = draw_diameters({'A $x': sizes, 'none': [], 'B': [3.0]}, PALETTE)
    many, one = figure.axes
    for axes, expected in ((many, 200), (one, 1)):
        assert sum(bar.get_height() for bar in axes.patches) == expected
    assert many.get_title('left') == (
        f'A $x: 200, median {np.median(sizes):.3g} µm')
    # the colour goes with the phase, though one is left out
    assert one.patches[0].get_facecolor()[:3] == (0, 0, 1)
    low, high = one.get_xlim()
    assert low <= sizes.min() and high >= sizes.max()


def test_few_and_none():
    assert draw_diameters({'A': [], 'B': []}, PALETTE) is None
    axes, = draw_diameters({'A': [3.0]}, PALETTE).axes
    assert np.divide(*axes.get_xlim()[::-1]) == pytest.approx(10)
