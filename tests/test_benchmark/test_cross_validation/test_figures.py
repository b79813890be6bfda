"""Plots say what their lines are."""
import numpy as np

from mmseg_ext.benchmark.cross_validation.figures import draw_agreement
from mmseg_ext.evaluation import bland_altman


def test_lines_of_agreement_are_named():
    rng = np.random.default_rng(0)
    true = rng.uniform(0, 60, (8, 2))
    predicted = true + rng.normal(1, 3, true.shape)
    figure = draw_agreement(true, predicted, [
        bland_altman(predicted[:, i], true[:, i]) for i in range(2)], 'ab')
    figure.canvas.draw()
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == [
        'bias', 'its 95 % interval', 'limits of agreement', 'an image']
    for axes in figure.axes:
        assert not legend.get_window_extent().overlaps(
            axes.get_window_extent())
