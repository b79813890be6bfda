"""Scores of images by the most suspicious pixel, whole and in tiles."""
import cv2
import numpy as np
import pytest
from threshold_model import ThresholdModel

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.inference import (
    PredictionJob,
    Tiling,
    list_inputs,
    predict,
)
from mmseg_ext.inference.defect_score import DefectScore


class Products(ThresholdModel):
    """Bright pixels are defects, with 20 levels to a unit of logit."""
    classes = ('background', 'defect')
    palette = [[0, 0, 0], [255, 0, 0]]

    def __init__(self, weights=None) -> None:
        super().__init__(weights)
        self.levels = (0, 200)

    def logits(self, batch):
        return super().logits(batch) / 20


def product(level: int) -> np.ndarray:
    image = np.full((96, 128, 3), 40, np.uint8)
    image[30:40, 50:60] = level
    return image


def expected(level: int) -> float:
    return 1 / (1 + np.exp(-(level - abs(level - 200)) / 20))


@pytest.mark.parametrize('tiling', [
    None, Tiling((64, 64), (16, 16))])
def test_highest_probability_of_any_pixel(tiling):
    for level in (90, 110, 130):
        found = predict(Products(), product(level), tiling)
        assert found.score == pytest.approx(expected(level), rel=1e-5)
        assert (found.mask.max() == 1) == (level > 100)
    assert predict(ThresholdModel(), product(90)).score is None


def test_a_threshold_and_a_probability():
    score = DefectScore()
    probability = np.random.default_rng(0).random((5, 7), np.float32)
    for rows in (slice(0, 2), slice(2, 5)):
        score.look(np.stack([
            np.full_like(probability[rows], 0.3), probability[rows]]))
    assert score.highest == pytest.approx(float(probability.max()))
    certain = DefectScore()
    certain.look(np.array([[[0.0, 900.0]], [[-900.0, 0.0]]]))
    assert certain.highest == 0


def test_page_lists_defective_and_good_images(tmp_path):
    for name, level in (('fine', 60), ('doubtful', 95), ('bad', 150)):
        cv2.imwrite(str(tmp_path / f'{name}.png'), product(level))
    (weights := tmp_path / 'weights').write_text('0 200')
    out = tmp_path / 'out'
    done = PredictionJob(
        Products(weights), list_inputs([str(tmp_path)], out), out).run(
        report=True)
    rows = {row['image']: row for row in read_table(out / 'images.csv')}
    assert {name: float(row['defect_score']) for name, row in rows.items()
            } == pytest.approx(dict(fine=expected(60), doubtful=expected(95),
                                    bad=expected(150)), abs=1e-6)
    page = (out / 'report.html').read_text()
    listed = page.split('<h2>Defective and good images')[1].split('<h2>')[0]
    places = [listed.index(f'{name}</td><td>{verdict}') for name, verdict in (
        ('bad', '<b>defective</b>'), ('doubtful', 'good'), ('fine', 'good'))]
    assert places == sorted(places)
    for text in (page, done.describe()):
        assert 'Defective images: 1 of 3' in text
        assert 'ASTM' not in text and 'hase' not in text
