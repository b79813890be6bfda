"""Every image measured by the size of its own pixels."""
import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from microscope_files import write_fei
from threshold_model import ThresholdModel

from mmseg_ext.inference import PredictionJob, RunRecord, list_inputs
from mmseg_ext.inference.html_report import write_html_report
from mmseg_ext.inference.scales import describe_scales

JEOL = '$$SM_MICRON_BAR 100\n$$SM_MICRON_MARKER {}um\n'


@pytest.fixture
def scans(tmp_path):
    """The same particle of 5 x 5 pixels at three scales, one not known."""
    image = np.full((40, 48), 100, np.uint8)
    image[3:8, 10:15] = 250
    root = tmp_path / 'scans'
    root.mkdir()
    write_fei(root / 'fei.tif', image, 5e-7)
    for name in ('jeol', 'unknown'):
        cv2.imwrite(str(root / f'{name}.png'), image)
    (root / 'jeol.txt').write_text(JEOL.format(10))
    (root / 'notes.txt').write_text('no side file')
    (root / 'unknown.txt').write_text('a label: 0 0.5 0.5')
    return root


@pytest.fixture
def run(scans, tmp_path):
    """Return a function that predicts, and how many images it asked for."""
    levels = tmp_path / 'levels.txt'
    levels.write_text('0 100 250')

    def run(um='auto', out='out', **options):
        model, folder = ThresholdModel(levels), tmp_path / out
        job = PredictionJob(model, list_inputs([str(scans)], folder), folder,
                            um_per_pixel=um, **options)
        return job.run(), model.asked
    return run


def read(path: Path) -> list[dict]:
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def test_each_image_by_its_own(run, tmp_path):
    outcome, _ = run()
    out = tmp_path / 'out'
    assert [(row['image'], row['um_per_pixel'], row['scale_source'])
            for row in read(out / 'images.csv')] == [
        ('fei', '0.5', 'FEI header'), ('jeol', '0.1', 'JEOL side file'),
        ('unknown', '', '')]
    assert [row['area_um2'] for row in read(out / 'phases.csv')
            if row['phase'] == 'bright'] == ['6.250', '0.250', '']
    bright = [row for row in read(out / 'features.csv')
              if row['phase'] == 'bright']
    assert [row['area_pixels'] for row in bright] == ['25'] * 3
    assert [row['area_um2'] for row in bright] == ['6.250000', '0.250000', '']
    assert float(bright[0]['diameter_um']) == pytest.approx(
        np.sqrt(4 / np.pi * 6.25), abs=1e-6)
    assert bright[2]['diameter_um'] == ''
    summary = read(out / 'features_summary.csv')[2]
    assert (summary['phase'], summary['features']) == ('bright', '2')
    assert float(summary['mean_area_um2']) == pytest.approx(3.25)
    # two on 40 x 48 pixels of each scale
    assert float(summary['features_per_mm2']) == pytest.approx(
        2e6 / (1920 * (0.25 + 0.01)), rel=1e-6)

    record = RunRecord.read(out)
    assert record.settings['um_per_pixel'] == 'auto'
    assert record.scales == outcome.record.scales == dict(
        fei=dict(um_per_pixel=0.5, source='FEI header'),
        jeol=dict(um_per_pixel=0.1, source='JEOL side file'),
        unknown=dict(um_per_pixel=None, source=''))
    said = outcome.describe()
    assert ('different size, and each is measured by its own: 0.1 µm (JEOL '
            'side file) in 1 image, 0.5 µm (FEI header) in 1 image.') in said
    assert '1 without a known size of a pixel (unknown)' in said
    # what was read beside an image is no file left out
    assert [path.name for path in outcome.others] == [
        'notes.txt', 'unknown.txt']
    page = write_html_report(out).read_text()
    assert '0.5 µm (FEI header) in 1 image' in page


def test_goes_on_where_scales_are_the_same(run, scans, tmp_path):
    run()
    out = tmp_path / 'out'
    tables = {path: path.read_bytes() for path in out.glob('*.csv')}
    assert run()[1] == 0
    assert tables == {path: path.read_bytes() for path in out.glob('*.csv')}
    (scans / 'jeol.txt').write_text(JEOL.format(20))
    assert run()[1] == 1
    assert read(out / 'images.csv')[1]['um_per_pixel'] == '0.2'
    (scans / 'jeol.txt').unlink()
    outcome, asked = run()
    assert asked == 1
    assert outcome.record.scales['jeol'] == dict(um_per_pixel=None, source='')
    with pytest.raises(ValueError, match="um_per_pixel was 'auto', is 0"):
        run(0.5)


def test_contradictions_stop_one_image(run, scans, tmp_path):
    (scans / 'fei.txt').write_text(JEOL.format(10))
    outcome, _ = run()
    assert list(outcome.record.failures) == ['fei']
    assert 'Remove the wrong one' in outcome.record.failures['fei']
    assert {*outcome.record.scales} == {'jeol', 'unknown'}
    (scans / 'fei.txt').unlink()
    assert run()[1] == 1
    (scans / 'fei.txt').write_text(JEOL.format(10))
    # predicted before, wrong now
    assert list(run()[0].record.failures) == ['fei']
    assert not (tmp_path / 'out/masks/fei.png').exists()


def test_given_number_and_none(run, scans, tmp_path):
    outcome, _ = run(0.1)
    assert {name: scale['source']
            for name, scale in outcome.record.scales.items()} == dict(
        fei='given, the FEI header says 0.5', jeol='given', unknown='given')
    assert {row['um_per_pixel']
            for row in read(tmp_path / 'out/images.csv')} == {'0.1'}
    assert 'Size of a pixel: 0.1 µm (given) in 2 images' in outcome.describe()
    outcome, _ = run(None, 'none')
    assert outcome.record.scales == {}
    assert not (tmp_path / 'none/features.csv').exists()
    (scans / 'fei.tif').unlink()
    (scans / 'jeol.txt').unlink()
    outcome, _ = run(out='unknown')
    assert 'The size of a pixel is not known' in outcome.describe()
    assert not (tmp_path / 'unknown/features_summary.csv').exists()


def test_declared_band_is_cropped(run, scans, tmp_path):
    noise = np.random.default_rng(0).integers(60, 140, (48, 64), np.uint8)
    write_fei(scans / 'fei.tif', noise, 5e-7, rows=40)
    outcome, _ = run(crop_bottom='auto')
    rows = read(tmp_path / 'out/images.csv')
    assert [(row['height'], row['cropped_rows']) for row in rows] == [
        ('40', '8'), ('40', '0'), ('40', '0')]
    assert run(crop_bottom='auto')[1] == 0
    # a band that is declared only now
    (scans / 'unknown.txt').write_text(
        '[SemImageFile]\nDataSize=48x36\nPixelSize=500\n')
    outcome, asked = run(crop_bottom='auto')
    assert asked == 1
    assert read(tmp_path / 'out/images.csv')[2]['cropped_rows'] == '4'
    assert outcome.record.scales['unknown'] == dict(
        um_per_pixel=0.5, source='Hitachi side file')


def test_a_grain_size_says_whom_it_is_not_of(run, scans, tmp_path):
    sentence = ('Left out of it: 1 of 3 images, whose size of a pixel is not '
                'known (unknown).')
    outcome, _ = run(grain_size='bright')
    assert 'Grain size of bright after ASTM E112, n = 2' in outcome.grains
    assert outcome.grains.endswith(f' {sentence}')
    page = write_html_report(tmp_path / 'out').read_text()
    assert f'{sentence}</p>' in page
    (scans / 'unknown.png').unlink()
    outcome, _ = run(grain_size='bright', out='known')
    assert 'Left out' not in outcome.grains


def test_words_of_many():
    scales = {f'{i}': dict(um_per_pixel=0.5, source='FEI header')
              for i in range(3)}
    assert describe_scales({}) == []
    assert describe_scales(scales) == [
        'Size of a pixel: 0.5 µm (FEI header) in 3 images.']
    scales.update({f'x{i}': dict(um_per_pixel=None, source='')
                   for i in range(6)})
    assert ('6 without a known size of a pixel (x0, x1, x2, x3, x4 and 1 '
            'more)') in describe_scales(scales)[1]
