"""Killed at any file event, prediction ends as if it had not been."""
import io
import pickle
from functools import cache
from typing import Optional

import cv2
import numpy as np
import pytest
from crash_states import crash_states, read_tree, write_tree
from threshold_model import ThresholdModel

from mmseg_ext.inference import PredictionJob, job, list_inputs


@pytest.fixture
def drawn_once(monkeypatch):
    """Let plots of the same numbers be drawn once: half a second each.

    What draws them writes no file.
    """
    drawers = {name: getattr(job, name)
               for name in ('draw_diameters', 'draw_phases')}

    class Plot:

        def __init__(self, content: bytes) -> None:
            self.content = content

        def savefig(self, file, format) -> None:
            file.write(self.content)

    @cache
    def draw(key: bytes) -> Optional[Plot]:
        drawer, arguments = pickle.loads(key)
        figure = drawers[drawer](*arguments)
        if figure is None:
            return None
        content = io.BytesIO()
        figure.savefig(content, format='png')
        return Plot(content.getvalue())

    for name in drawers:
        monkeypatch.setattr(job, name, lambda *arguments, name=name: draw(
            pickle.dumps((name, arguments))))


@pytest.fixture
def predict(tmp_path):
    """Return a function that predicts three images, one of them broken.

    One ends in an information band, which the record tells.
    """
    scans, out = tmp_path / 'scans', tmp_path / 'place/out'
    (scans / 'steel').mkdir(parents=True)
    weights = tmp_path / 'levels.txt'
    weights.write_text('0 100 250')
    image = np.zeros((12, 20), np.uint8)
    image[:4] = 100
    image[6:8, 3:5] = 250
    noisy = np.random.default_rng(0).integers(60, 140, (200, 300), np.uint8)
    band = np.zeros((30, 300), np.uint8)
    cv2.putText(band, '15.0 kV  x2000', (10, 20), cv2.FONT_HERSHEY_SIMPLEX,
                0.6, 255, 1)
    cv2.imwrite(str(scans / 'a.png'), np.vstack([noisy, band]))
    cv2.imwrite(str(scans / 'steel/b.png'), image[::-1])
    (scans / 'broken.png').write_bytes(b'no image')
    out.parent.mkdir()

    def predict(overwrite=False):
        return PredictionJob(
            ThresholdModel(weights), list_inputs([str(scans)], out), out,
            um_per_pixel=1.0).run(overwrite)
    return predict


@pytest.mark.slow
def test_killed_at_every_event(predict, drawn_once, tmp_path):
    place = tmp_path / 'place'
    states = crash_states(place, predict)
    whole = read_tree(place)
    assert len(states) > 30
    for state in states:
        write_tree(place, state)
        assert predict().record.bands == {'a': 30}
        assert read_tree(place) == whole


@pytest.mark.slow
def test_killed_while_it_begins_anew(predict, drawn_once, tmp_path):
    place = tmp_path / 'place'
    predict()
    whole = read_tree(place)
    # the same files, once they are removed; the others are those from above
    states = [state for state in crash_states(
        place, lambda: predict(overwrite=True))
        if not any('.new' in name for name in state)]
    assert len(states) > 10
    for state in states[::8]:
        for overwrite in (False, True):
            write_tree(place, state)
            predict(overwrite)
            assert read_tree(place) == whole


def test_lines_that_were_cut_off(predict, drawn_once, tmp_path):
    out = tmp_path / 'place/out'
    predict()
    whole = read_tree(out)
    for table in ('images.csv', 'phases.csv', 'features.csv'):
        for cut in (1, 2, 9):
            write_tree(out, {**whole, table: whole[table][:-cut]})
            if table != 'images.csv':  # which is written last
                lines = whole['images.csv'].splitlines(keepends=True)
                (out / 'images.csv').write_bytes(b''.join(lines[:-1]))
            predict()
            assert read_tree(out) == whole
