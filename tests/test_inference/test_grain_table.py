"""Grains of a run: tables, page, and going on."""
import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from threshold_model import ThresholdModel

from mmseg_ext.inference import PredictionJob, list_inputs
from mmseg_ext.inference.grain_size import GrainCount, summarize_grains
from mmseg_ext.inference.html_report import write_html_report


def grains() -> np.ndarray:
    """Bright disks on grey, two of them touching, one cut by the border."""
    rows, cols = np.indices((80, 100))
    image = np.full((80, 100), 100, np.uint8)
    for y, x in ((20, 20), (40, 50), (40, 67), (79, 20)):
        image[(rows - y)**2 + (cols - x)**2 < 100] = 250
    return image


@pytest.fixture
def run(tmp_path):
    """Return a function that predicts two images, or more of them."""
    root, levels = tmp_path / 'scans', tmp_path / 'levels.txt'
    root.mkdir()
    levels.write_text('0 100 250')
    for name in 'ab':
        cv2.imwrite(str(root / f'{name}.png'), grains())

    def run(um=0.5, out='out', **options):
        model, folder = ThresholdModel(levels), tmp_path / out
        return PredictionJob(
            model, list_inputs([str(root)], folder), folder, um_per_pixel=um,
            **options).run(report=True), model.asked
    return run


def read(path: Path) -> list[dict]:
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def test_grain_size_of_a_run(run, tmp_path):
    options = dict(grain_size='bright', split_touching=True)
    outcome, _ = run(**options)
    out = tmp_path / 'out'
    rows = read(out / 'grain_size.csv')
    assert [row['image'] for row in rows] == ['a', 'b']
    assert [(row['inside'], row['cut']) for row in rows] == [('3', '1')] * 2
    summary, = read(out / 'grain_size_summary.csv')
    area = int((grains() == 250).sum()) / 4e6  # mm2
    assert float(summary['grains_per_mm2']) == pytest.approx(3.5 / area)
    assert 'Grain size of bright' in outcome.describe()
    assert 'separated by watershed' in outcome.describe()
    assert [row['phase'] for row in read(out / 'features.csv')].count(
        'bright') == 8
    page = (out / 'report.html').read_text()
    assert 'Grains and particles' in page
    assert outcome.grains in page
    assert len(cv2.imread(str(out / 'diameters.png'))) > 300
    tables = {path: path.read_bytes() for path in out.glob('*.csv')}
    assert run(**options)[1] == 0
    assert tables == {path: path.read_bytes() for path in out.glob('*.csv')}
    (out / 'grain_size.csv').unlink()
    assert run(**options)[1] == 2
    assert tables == {path: path.read_bytes() for path in out.glob('*.csv')}
    with pytest.raises(ValueError, match='split_touching was'):
        run(grain_size='bright')


def test_touching_grains_are_one_unless_asked(run, tmp_path):
    outcome, _ = run(grain_size='bright')
    assert [row['inside'] for row in read(
        tmp_path / 'out/grain_size.csv')] == ['2', '2']
    assert 'counted as one' in outcome.describe()
    # of all phases
    run(split_touching=True, out='split')
    assert not (tmp_path / 'split/grain_size.csv').exists()
    assert [row['phase'] for row in read(
        tmp_path / 'split/features.csv')].count('bright') == 8


def test_scale_is_not_known(run, tmp_path):
    outcome, _ = run('auto', grain_size='bright')
    assert 'no image of known scale' in outcome.describe()
    assert not (tmp_path / 'out/diameters.png').exists()
    assert 'Grains and particles' not in write_html_report(
        tmp_path / 'out').read_text()


@pytest.mark.parametrize(('options', 'words'), [
    (dict(grain_size='ferrite'), 'the phases are dark, grey, bright'),
    (dict(grain_size='bright', um=None), 'need features'),
    (dict(split_touching=True, um=None), 'need features'),
])
def test_bad_arguments(run, options, words):
    with pytest.raises(ValueError, match=words):
        run(**options)


def test_changed_tables_are_named(run, tmp_path):
    run(grain_size='bright')
    path = tmp_path / 'out/grain_size.csv'
    path.write_text(path.read_text().replace('bright,0.5,2,', 'bright,0.5,x,'))
    with pytest.raises(ValueError, match=r'grain_size\.csv, a: '):
        run(grain_size='bright')


def test_as_summed_up(run, tmp_path):
    run(grain_size='bright')
    row = read(tmp_path / 'out/grain_size.csv')[0]
    count = GrainCount(*(float(row[name]) for name in GrainCount._fields))
    found = summarize_grains('bright', [count], [0.5])
    assert float(row['planimetric_g']) == pytest.approx(
        found.planimetric_g, abs=1e-4)
    assert float(row['intercept_g']) == pytest.approx(
        found.intercept_g, abs=1e-4)
