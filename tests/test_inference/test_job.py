"""From files to files: tables, resuming, and every kind of bad file."""
import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from threshold_model import ThresholdModel

from mmseg_ext.inference import (
    PredictionJob,
    RunRecord,
    Tiling,
    list_inputs,
    summarize_phases,
)

SIZE = (40, 60)


def micrograph(fraction: float) -> np.ndarray:
    """Rows of level 100 above, of 0 below, and a bright square of 5 x 5."""
    image = np.zeros((*SIZE, 3), np.uint8)
    image[:round(fraction * SIZE[0])] = 100
    image[3:8, 10:15] = 250
    return image


@pytest.fixture
def scans(tmp_path):
    """Three micrographs in 8 and 16 bits, and a file that is none."""
    root = tmp_path / 'scans'
    (root / 'steel').mkdir(parents=True)
    cv2.imwrite(str(root / 'a.png'), micrograph(0.5))
    cv2.imwrite(str(root / 'steel/a.tif'),
                micrograph(0.25)[..., 0].astype(np.uint16) * 257)
    cv2.imwrite(str(root / 'steel/b.bmp'), micrograph(0.75))
    (root / 'broken.jpg').write_bytes(b'no image')
    return root


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / 'levels.txt'
    path.write_text('0 100 250')
    return path


@pytest.fixture
def run(scans, weights, tmp_path):
    """Return a function that predicts, and what it was asked to predict."""
    def run(overwrite=False, out='out', source=scans, **options):
        model = ThresholdModel(weights)
        out = tmp_path / out
        job = PredictionJob(
            model, list_inputs([str(source)], out), out, **options)
        return job.run(overwrite), model.asked
    return run


def read(path: Path) -> list[dict]:
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes()
            for path in out.rglob('*') if path.is_file()}


def test_files_and_tables(run, tmp_path):
    outcome, asked = run()
    assert (asked, outcome.before) == (3, 0)
    assert list(outcome.record.failures) == ['broken']
    assert 'cannot be read as an image' in outcome.record.failures['broken']
    assert 'broken: ' in outcome.describe()
    out = tmp_path / 'out'
    mask = cv2.imread(str(out / 'masks/a.png'), cv2.IMREAD_UNCHANGED)
    expected = np.zeros(SIZE)
    expected[:20] = 1
    expected[3:8, 10:15] = 2
    np.testing.assert_array_equal(mask, expected)
    assert mask.dtype == np.uint8
    colours = cv2.imread(str(out / 'colour_masks/a.png'))
    assert colours[5, 12].tolist() == [0, 255, 0]
    overlay = cv2.imread(str(out / 'overlays/a.png'))
    image = micrograph(0.5)
    # a strip is below it; the largest phase of the first image is dark
    assert overlay.shape[0] > SIZE[0] and outcome.record.base_phase == 'dark'
    overlay = overlay[:SIZE[0], :SIZE[1]]
    np.testing.assert_array_equal(overlay[expected == 0],
                                  image[expected == 0])
    assert (overlay[expected > 0] != image[expected > 0]).any(-1).all()
    assert sorted(path.name for path in out.glob('masks/*/*')) == [
        'a.png', 'b.png']

    rows = read(out / 'phases.csv')
    assert list(rows[0]) == ['image', 'phase', 'fraction_percent']
    assert [row['image'] for row in rows] == ['a'] * 3 + ['steel/a'] * 3 + [
        'steel/b'] * 3
    bright = 100 * 25 / 2400
    for name, fraction in (('a', 50), ('steel/a', 25), ('steel/b', 75)):
        found = [float(row['fraction_percent']) for row in rows
                 if row['image'] == name]
        assert found == pytest.approx(
            [100 - fraction, fraction - bright, bright], abs=1e-6)
    summary = read(out / 'phases_summary.csv')
    assert list(summary[0]) == [
        'phase', 'n', 'mean_percent', 'std_percent', 'ci95_percent',
        'relative_accuracy_percent']
    assert summary[0]['phase'] == 'dark' and summary[0]['n'] == '3'
    assert float(summary[0]['mean_percent']) == pytest.approx(50)
    assert float(summary[0]['std_percent']) == pytest.approx(25)
    # Student's t for 95 % and 2 degrees of freedom, from a table
    assert float(summary[0]['ci95_percent']) == pytest.approx(
        4.3027 * 25 / np.sqrt(3), rel=1e-4)
    assert outcome.phases[0] == summarize_phases(
        [[0.5], [0.75], [0.25]], ['dark'])[0]
    assert len(cv2.imread(str(out / 'phases.png'))) > 300
    assert read(out / 'images.csv')[1]['file'].endswith('steel/a.tif')
    assert not (out / 'features.csv').exists()

    record = RunRecord.read(out)
    assert record == outcome.record
    assert record.settings['weights_sha256'] == (
        'f5445ce535ccb1886815aaf8d62e0265da7e331f3eeaeff2c83feddf4ac13a62')
    assert {'python', 'mmseg_ext', 'numpy', 'cv2'} <= set(record.versions)


def test_base_phase(run, tmp_path):
    outcome, _ = run(base_phase='bright')
    assert 'Overlays leave bright uncoloured.' in outcome.describe()
    assert '--base-phase grey --overwrite' not in outcome.describe()
    assert '--base-phase dark --overwrite' in outcome.describe()
    image = micrograph(0.5)
    overlay = cv2.imread(str(tmp_path / 'out/overlays/a.png'))
    same = (overlay[:SIZE[0], :SIZE[1]] == image).all(-1)
    np.testing.assert_array_equal(same, image[..., 0] == 250)
    with pytest.raises(ValueError, match='base_phase was'):
        run(base_phase='dark')
    with pytest.raises(ValueError, match='the phases are dark, grey'):
        run(base_phase='ferrite')
    # the first image's largest is that of all, also when it goes on
    outcome, _ = run(out='other')
    (tmp_path / 'other/masks/a.png').unlink()
    again, asked = run(out='other')
    assert asked == 1
    assert again.record.base_phase == outcome.record.base_phase == 'dark'


def test_probabilities_and_strips(run, scans, tmp_path, monkeypatch):
    options = dict(probabilities=True, annotate_masks=True, um_per_pixel=0.5)
    outcome, asked = run(**options)
    assert asked == 3 and list(outcome.record.failures) == ['broken']
    out = tmp_path / 'out'
    for name in ('a', 'steel/a', 'steel/b'):
        stack = tifffile.imread(out / f'probabilities/{name}.tif')
        mask = cv2.imread(str(out / f'masks/{name}.png'), -1)
        np.testing.assert_array_equal(stack.argmax(0), mask)
        for folder in ('entropy', 'colour_masks'):
            picture = cv2.imread(str(out / f'{folder}/{name}.png'))
            assert picture.shape[0] > SIZE[0]
    colours = cv2.imread(str(out / 'colour_masks/a.png'))
    assert colours[5, 12].tolist() == [0, 255, 0]
    assert run(**options)[1] == 0
    (out / 'probabilities/a.tif').unlink()
    assert run(**options)[1] == 1
    assert (out / 'probabilities/a.tif').exists()
    with pytest.raises(ValueError, match='probabilities was True'):
        run(um_per_pixel=0.5, annotate_masks=True)
    run(overwrite=True)
    assert not (out / 'probabilities').exists()

    def fail(self, batch):
        raise RuntimeError('an odd size')

    monkeypatch.setattr(ThresholdModel, 'logits', fail)
    outcome, _ = run(out='other', **options)
    assert len(outcome.record.failures) == 4
    assert not [*tmp_path.glob('other/probabilities/**/*.*')]


def test_scale_gives_areas_and_features(run, tmp_path):
    run(um_per_pixel=0.5)
    out = tmp_path / 'out'
    row = read(out / 'phases.csv')[2]
    assert (row['phase'], float(row['area_um2'])) == ('bright', 25 * 0.25)
    features = [row for row in read(out / 'features.csv')
                if row['image'] == 'a']
    assert [(row['phase'], row['cut_by_border']) for row in features] == [
        ('dark', '1'), ('grey', '1'), ('bright', '0')]
    assert (features[2]['x'], features[2]['y']) == ('12.0', '5.0')
    assert float(features[2]['diameter_um']) == pytest.approx(
        np.sqrt(4 / np.pi * 6.25), abs=1e-6)
    summary = read(out / 'features_summary.csv')
    assert (summary[2]['features'], summary[2]['cut_by_border']) == ('3', '0')
    assert float(summary[2]['mean_area_um2']) == 6.25
    assert summary[0]['mean_diameter_um'] == ''
    # three on three images of 20 x 30 um
    assert float(summary[2]['features_per_mm2']) == pytest.approx(1e6 / 600)
    run(out='few', um_per_pixel=0.5, min_area=26)
    assert 'bright' not in {
        row['phase'] for row in read(tmp_path / 'few/features.csv')}


def test_goes_on_where_it_was(run, tmp_path, monkeypatch):
    options = dict(um_per_pixel=1.0)
    run(out='whole', **options)
    logits = ThresholdModel.logits

    def stop(self, batch):
        if self.asked == 1:
            raise KeyboardInterrupt
        return logits(self, batch)

    monkeypatch.setattr(ThresholdModel, 'logits', stop)
    with pytest.raises(KeyboardInterrupt):
        run(**options)
    monkeypatch.undo()
    out = tmp_path / 'out'
    # a line that was being written
    with open(out / 'phases.csv', 'a') as file:
        file.write('steel/a,da')
    with open(out / 'features.csv', 'a') as file:
        file.write('steel/a,dark,1,1,1,1,1,1,1\n')
    outcome, asked = run(**options)
    assert (outcome.before, asked) == (1, 2)
    assert files(out) == files(tmp_path / 'whole')
    assert run(**options)[1] == 0
    assert files(out) == files(tmp_path / 'whole')


def test_what_is_lost_is_made_anew(run, tmp_path):
    options = dict(um_per_pixel=1.0)
    out = tmp_path / 'out'
    for name in ('whole', 'out'):
        run(out=name, **options)
    for lost, again in (('masks/a.png', 1), ('overlays/steel/b.png', 1),
                        ('phases.csv', 3), ('features.csv', 3)):
        (out / lost).unlink()
        assert run(**options)[1] == again
        for table in ('phases.csv', 'features_summary.csv'):
            assert read(out / table) == read(tmp_path / 'whole' / table)


def test_what_a_person_may_have_corrected_is_not_predicted_anew(
        run, scans, tmp_path):
    run(labelme=True)
    shapes = tmp_path / 'out/labelme/a.json'
    shapes.write_text(f'{shapes.read_text()}\n')
    cv2.imwrite(str(scans / 'a.png'), micrograph(0.6))
    before = files(tmp_path / 'out/labelme')
    with pytest.raises(ValueError, match=r'1 image, .* labelme: a\. Put'):
        run(labelme=True)
    assert files(tmp_path / 'out/labelme') == before
    shapes.unlink()
    outcome, asked = run(labelme=True)
    assert (asked, outcome.before) == (1, 2)


def test_replaced_images_are_predicted_anew(run, scans, tmp_path):
    run()
    cv2.imwrite(str(scans / 'a.png'), micrograph(1.0))
    (scans / 'broken.jpg').unlink()
    (scans / 'steel/b.bmp').rename(scans / 'steel/b.png')
    outcome, asked = run()
    assert (outcome.before, asked, outcome.record.failures) == (1, 2, {})
    assert read(tmp_path / 'out/phases.csv')[0]['fraction_percent'] == (
        '0.000000')
    # by one that cannot be read: nothing of the old one stays
    (scans / 'steel/b.png').write_bytes(b'no image')
    outcome, _ = run()
    assert list(outcome.record.failures) == ['steel/b']
    assert not (tmp_path / 'out/masks/steel/b.png').exists()
    assert read(tmp_path / 'out/phases_summary.csv')[0]['n'] == '2'
    (scans / 'steel/b.png').unlink()
    (scans / 'a.png').unlink()
    with pytest.raises(ValueError, match=r'results of 1 image .*a\.png'):
        run()
    assert run(overwrite=True)[1] == 1
    assert not (tmp_path / 'out/masks/a.png').exists()


def test_other_settings_and_other_folders(run, tmp_path, weights):
    run()
    out = tmp_path / 'out'
    before = files(out)
    for options, found in (
            (dict(min_area=3), 'min_area was 1, is 3'),
            (dict(crop_bottom=4), 'crop_bottom was 0, is 4'),
            (dict(tiling=Tiling()), "tiling was 'auto', is"),
            (dict(um_per_pixel=2.0), 'um_per_pixel was None, is 2')):
        with pytest.raises(ValueError, match=found):
            run(**options)
    weights.write_text('0 100 251')
    with pytest.raises(ValueError, match='weights_sha256 was'):
        run()
    assert files(out) == before
    run(overwrite=True, min_area=3)
    tiling = dict(tiling=Tiling((32, 32), (8, 8), align=8))
    run(out='tiled', **tiling)
    assert run(out='tiled', **tiling)[1] == 0

    other = tmp_path / 'thesis'
    other.mkdir()
    (other / 'thesis.tex').write_text('x')
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match='not this tool'):
            run(overwrite, out='thesis')
    assert list(files(other)) == ['thesis.tex']
    with pytest.raises(FileExistsError, match='is a file'):
        run(out='levels.txt')


def test_files_that_cannot_be_predicted(run, scans, tmp_path):
    dark = np.full(SIZE, 3000, np.uint16)
    cv2.imwrite(str(scans / 'dark.png'), dark)
    cv2.imwrite(str(scans / 'float.tif'), dark.astype(np.float32))
    cv2.imwrite(str(scans / 'flat.png'), np.zeros((5, 60), np.uint8))
    whole = (scans / 'a.png').read_bytes()
    (scans / 'cut_off.png').write_bytes(whole[:len(whole) // 2])
    (scans / 'empty.png').write_bytes(b'')
    cv2.imwritemulti(str(scans / 'pages.tif'), [micrograph(0.5)] * 2)
    outcome, _ = run(crop_bottom=8)
    failures = outcome.record.failures
    assert set(failures) == {'broken', 'cut_off', 'dark', 'empty', 'flat',
                             'float', 'pages'}
    assert 'bit_depth' in failures['dark']
    assert 'float32' in failures['float']
    assert 'crop_bottom=8 leaves nothing' in failures['flat']
    assert 'holds 2 pages' in failures['pages']
    assert '0 bytes' in failures['empty']
    assert len(read(tmp_path / 'out/images.csv')) == 3
    assert json.loads((tmp_path / 'out/run.json').read_text())[
        'failures'] == failures
    # 16 bits of which 12 are used
    outcome, _ = run(out='deep', source=scans / 'dark.png', bit_depth=12)
    assert not outcome.record.failures
    mask = cv2.imread(str(tmp_path / 'deep/masks/dark.png'),
                      cv2.IMREAD_UNCHANGED)
    assert (mask == 2).all()  # 3000 / 4095 * 255 = 187


def test_no_image_can_be_read(run, scans, tmp_path):
    outcome, _ = run(source=scans / 'broken.jpg')
    assert list(outcome.record.failures) == ['broken']
    assert outcome.phases == []
    assert not (tmp_path / 'out/phases_summary.csv').exists()


def test_rows_are_cropped(run, tmp_path):
    run(crop_bottom=10)
    mask = cv2.imread(str(tmp_path / 'out/masks/a.png'),
                      cv2.IMREAD_UNCHANGED)
    assert mask.shape == (30, 60)
    row = read(tmp_path / 'out/images.csv')[0]
    assert (row['height'], row['cropped_rows']) == ('30', '10')
    fraction = float(read(tmp_path / 'out/phases.csv')[0]['fraction_percent'])
    assert fraction == pytest.approx(100 / 3, abs=1e-6)


def test_information_band(run, scans, tmp_path):
    noisy = np.random.default_rng(0).integers(60, 140, (200, 300), np.uint8)
    band = np.zeros((30, 300), np.uint8)
    cv2.putText(band, '15.0 kV  x2000', (10, 20), cv2.FONT_HERSHEY_SIMPLEX,
                0.6, 255, 1)
    folder = tmp_path / 'banded'
    folder.mkdir()
    cv2.imwrite(str(folder / 'banded.png'), np.vstack([noisy, band]))
    cv2.imwrite(str(folder / 'plain.png'), noisy)
    outcome, _ = run(source=folder)
    assert outcome.record.bands == {'banded': 30}
    assert '--crop-bottom auto' in outcome.describe()
    # still said when nothing is left to do
    assert run(source=folder)[0].record.bands == {'banded': 30}
    outcome, _ = run(source=folder, out='cropped', crop_bottom='auto')
    assert outcome.record.bands == {}
    for name in ('banded', 'plain'):
        assert cv2.imread(str(tmp_path / f'cropped/masks/{name}.png')
                          ).shape[:2] == (200, 300)


@pytest.mark.parametrize('options', [
    dict(bit_depth=17), dict(crop_bottom=-1), dict(crop_bottom='bottom'),
    dict(um_per_pixel=0.0), dict(um_per_pixel=float('nan')),
    dict(min_area=0),
])
def test_bad_arguments(run, options):
    with pytest.raises(ValueError, match=f'^{next(iter(options))}='):
        run(**options)


def test_progress_tells_the_image_and_its_tiles(scans, weights, tmp_path):
    lines = []
    out = tmp_path / 'out'
    PredictionJob(
        ThresholdModel(weights), list_inputs([str(scans)], out), out,
        tiling=Tiling((40, 40), (8, 8), align=8)).run(progress=lines.append)
    assert lines[:3] == ['0 of 4 images (a)',
                         '0 of 4 images (a, 1 of 2 tiles)',
                         '0 of 4 images (a, 2 of 2 tiles)']
    assert lines[-1] == '4 of 4 images'


def test_failures_are_told_in_the_order_of_the_images(run, scans):
    """Also where what was predicted cannot be written, which is seen later.
    """
    long = 'a' * 251  # with '.json' no file may be called so
    (scans / f'{long}.png').write_bytes((scans / 'a.png').read_bytes())
    failures = run(labelme=True)[0].record.failures
    assert list(failures) == [long, 'broken']
    assert 'its results cannot be written' in failures[long]
