"""The bars are as high as the numbers say."""
import numpy as np
import pytest

from mmseg_ext.benchmark.phase_fractions import (
    draw_phase_fractions,
    phase_fractions,
)


def run(true, pred):
    metrics = dict(mIoU=50.0)
    for name, *values in zip('AB', true, pred):
        metrics[f'TrueFraction.{name}'] = values[0]
        metrics[f'PredFraction.{name}'] = values[1]
    return metrics


def test_what_a_metric_returned():
    fractions = phase_fractions([run((30, 70), (40, 60)), run((30, 70),
                                                           (20, 80))])
    found = {name: values.tolist() for name, values in fractions.items()}
    assert found == dict(A=[[30, 40], [30, 20]], B=[[70, 60], [70, 80]])
    assert phase_fractions([dict(mIoU=50.0)]) == {}
    assert phase_fractions([]) == {}


def test_bars():
    models = dict(
        ours=phase_fractions([run((30, 70), (40, 60)), run((30, 70),
                                                           (22, 78))]),
        other=phase_fractions([run((30, 70), (35, 65))]))
    figure = draw_phase_fractions(models)
    axes, = figure.axes
    bars = {container.get_label(): [bar.get_height() for bar in container]
            for container in axes.containers
            if hasattr(container, 'patches')}
    assert bars == dict(truth=[30, 70], ours=[31, 69], other=[35, 65])
    # one bar's place is no other's
    places = sorted(bar.get_x() for bar in axes.patches)
    assert np.diff(places).min() > 0.9 * axes.patches[0].get_width()
    # a line for the runs that differ, none for a single one
    lines = axes.collections[0].get_segments()
    assert len(axes.collections) == 1
    half = np.std([40, 22], ddof=1)
    assert lines[0][:, 1].tolist() == pytest.approx([31 - half, 31 + half])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        'truth', 'ours', 'other']
    assert [label.get_text() for label in axes.get_xticklabels()] == ['A', 'B']
