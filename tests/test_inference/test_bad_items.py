"""One bad image is named, and all others are predicted; nothing is stale."""
import csv
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from threshold_model import ThresholdModel

from mmseg_ext.basics import claimed_folder
from mmseg_ext.inference import PredictionJob, RunRecord, list_inputs

SIZE = (40, 60)


def write(path, level: int) -> None:
    path.write_bytes(cv2.imencode(
        path.suffix, np.full(SIZE, level, np.uint8))[1].tobytes())


@pytest.fixture
def scans(tmp_path):
    root = tmp_path / 'scans'
    root.mkdir()
    for name, level in (('a', 0), ('z', 100)):
        write(root / f'{name}.png', level)
    return root


@pytest.fixture
def run(scans, tmp_path):
    """Return a function that predicts, and what it was asked to predict."""
    weights = tmp_path / 'levels.txt'
    weights.write_text('0 100 250')

    def run(kind=ThresholdModel, source=scans, **options):
        model, out = kind(weights), tmp_path / 'out'
        job = PredictionJob(model, list_inputs([str(source)], out), out,
                            **options)
        return job.run(report=True), model.asked
    return run


def read(path) -> list[dict]:
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def images(out) -> list[str]:
    return [row['image'] for row in read(out / 'images.csv')]


def odd(name: bytes) -> str:
    return os.fsdecode(name)


@pytest.mark.parametrize(('name', 'shown', 'why'), [
    (b'Gef\xfcge', 'Gef\\xfcge', 'not UTF-8'),
    (b'b\rc', 'b\\rc', 'control character'),
    (b'b\nc', 'b\\nc', 'control character'),
    (b'b\tc', 'b\\tc', 'control character'),
    (b'\x1b[2J', '\\x1b[2J', 'control character'),
])
def test_names_that_fit_no_table(run, scans, tmp_path, name, shown, why):
    try:
        write(scans / f'{odd(name)}.png', 0)
    except OSError:
        pytest.skip('this file system does not take the name')
    for asked in (2, 0):
        outcome, found = run()
        assert found == asked
        assert list(outcome.record.failures) == [shown]
        assert why in outcome.record.failures[shown]
        outcome.describe().encode()
        assert shown in outcome.describe()
        assert images(tmp_path / 'out') == ['a', 'z']
        assert RunRecord.read(tmp_path / 'out') == outcome.record
        assert (tmp_path / 'out/report.html').exists()


def test_a_folder_of_no_text(run, scans, tmp_path):
    place = scans.with_name(odd(b'Gef\xfcge'))
    scans.rename(place)
    outcome, asked = run(source=place)
    assert (asked, outcome.record.failures) == (2, {})
    assert 'Gef\\xfcge' in read(tmp_path / 'out/images.csv')[0]['file']
    assert run(source=place)[1] == 0


def test_the_longest_names(run, scans, tmp_path):
    name = 'x' * 251
    write(scans / f'{name}.png', 0)
    (scans / f'{name}.png').rename(scans / f'{name}y.b')
    write(scans / 'm.png', 100)
    assert run()[1] == 3  # .b is no image, unless it is named
    write(scans / f'{name}.png', 0)
    outcome, asked = run()
    assert (asked, outcome.record.failures) == (1, {})
    assert (tmp_path / f'out/masks/{name}.png').exists()
    shutil.rmtree(tmp_path / 'out')
    outcome, _ = run(source=scans / f'{name}y.b')
    (failure, ), = [outcome.record.failures.values()]
    assert 'cannot be written' in failure and 'too long' in failure


def test_a_folder_named_as_a_mask(run, scans, tmp_path):
    (scans / 'm.png').mkdir()
    write(scans / 'm.png/in.png', 0)
    write(scans / 'm.tif', 0)
    outcome, _ = run()
    assert list(outcome.record.failures) == ['m.png/in']
    assert 'm.tif: rename one' in outcome.record.failures['m.png/in']
    assert images(tmp_path / 'out') == ['a', 'm', 'z']


def test_names_that_differ_in_capitals(scans, tmp_path):
    for name in ('A.png', 'Gefu\u0308ge.png', 'Gef\xfcge.tif'):
        write(scans / name, 0)
    inputs = list_inputs([str(scans)], tmp_path / 'out')
    if len(inputs.images) < 5:
        pytest.skip('this file system does not tell them apart')
    assert not inputs.faults()
    assert set(inputs.faults(folds=True)) == {'a', 'Gef\xfcge'}


def test_links_to_nothing(run, scans, tmp_path):
    (scans / 'b.png').symlink_to('/annex/b.png')
    outcome, asked = run()
    assert asked == 2 and list(outcome.record.failures) == ['b']
    assert 'git annex get' in outcome.record.failures['b']
    # the file is fetched
    (scans / 'b.png').unlink()
    write(scans / 'b.png', 250)
    assert run()[0].record.failures == {}
    # and dropped: its old result goes
    (scans / 'b.png').unlink()
    (scans / 'b.png').symlink_to('/annex/b.png')
    assert list(run()[0].record.failures) == ['b']
    assert images(tmp_path / 'out') == ['a', 'z']
    assert not (tmp_path / 'out/masks/b.png').exists()


def test_a_link_alone(scans, tmp_path):
    (scans / 'b.png').symlink_to('/annex/b.png')
    inputs = list_inputs([str(scans / 'b.png')], tmp_path)
    assert list(inputs.images) == ['b']


@pytest.mark.parametrize(('error', 'found'), [
    (MemoryError(), 'not enough memory for it'),
    (RuntimeError('sizes\ndiffer'), 'the model fails on it: sizes differ'),
    (IndexError('7'), 'the model fails on it: 7'),
    (cv2.error('Insufficient memory'), 'Insufficient memory'),
])
def test_what_one_image_causes(run, tmp_path, error, found):
    class Failing(ThresholdModel):
        def logits(self, batch):
            if not batch.any():
                raise error
            return super().logits(batch)

    for _ in range(2):
        outcome, _ = run(Failing)
        assert list(outcome.record.failures) == ['a']
        assert found in outcome.record.failures['a']
        assert images(tmp_path / 'out') == ['z']


def test_a_file_that_vanishes_meanwhile(run, scans):
    # the one after the first is read while that is predicted, z is not
    (scans / 'm.png').write_bytes((scans / 'a.png').read_bytes())

    class Removing(ThresholdModel):
        def logits(self, batch):
            (scans / 'z.png').unlink(missing_ok=True)
            return super().logits(batch)

    outcome, _ = run(Removing)
    assert list(outcome.record.failures) == ['z']
    assert outcome.phases[0].n == 2


def test_a_full_disk_stops_all(run, tmp_path):
    if not Path('/dev/full').exists():
        pytest.skip('there is no /dev/full here')
    run()
    table = tmp_path / 'out/images.csv'
    lines = table.read_text().splitlines(keepends=True)
    table.write_text(''.join(lines[:1]))

    class Filling(ThresholdModel):
        def logits(self, batch):
            if not table.is_symlink():
                table.unlink()
                table.symlink_to('/dev/full')
            return super().logits(batch)

    with pytest.raises(OSError, match='No space left'):
        run(Filling)


@pytest.mark.parametrize('change', ['older', 'newer', 'same', 'link'])
def test_any_difference_of_a_file_counts(run, scans, tmp_path, change):
    path = scans / 'a.bmp'  # of one size, whatever it shows
    (scans / 'a.png').unlink()
    for i, level in enumerate((0, 250)):
        write(tmp_path / f'{i}.bmp', level)
    path.symlink_to(tmp_path / '0.bmp')
    if change != 'link':
        path.unlink()
        path.write_bytes((tmp_path / '0.bmp').read_bytes())
    run()
    before = path.stat()
    time = before.st_mtime_ns + dict(older=-10**15, newer=10**15).get(
        change, 0)
    if change == 'link':
        path.unlink()
        path.symlink_to(tmp_path / '1.bmp')
    else:
        path.write_bytes((tmp_path / '1.bmp').read_bytes())
    os.utime(path, ns=(time, time))
    assert path.stat().st_size == before.st_size
    assert run()[1] == 1
    rows = read(tmp_path / 'out/phases.csv')[:3]
    assert [float(row['fraction_percent']) for row in rows] == [0, 0, 100]
    assert run()[1] == 0


@pytest.mark.parametrize('change', ['touched', 'copied', 'linked'])
def test_the_same_content_is_the_same_image(run, scans, tmp_path, change):
    """As a folder that was copied to another disk has it."""
    run()
    path = scans / 'a.png'
    if change == 'touched':
        os.utime(path, ns=(10**18, 10**18))
    else:
        path.rename(tmp_path / 'a.png')
        if change == 'copied':
            shutil.copy(tmp_path / 'a.png', path)
        else:
            path.symlink_to(tmp_path / 'a.png')
    outcome, asked = run()
    assert (asked, outcome.before) == (0, 2)


def test_other_classes_are_other_settings(run):
    class Renamed(ThresholdModel):
        classes = ('x', 'grey', 'bright')

    run()
    with pytest.raises(ValueError, match=r"classes was \['dark', .*'x'"):
        run(Renamed)


def test_a_second_job_is_refused(run, tmp_path):
    with (claimed_folder(tmp_path / 'out'),
          pytest.raises(BlockingIOError, match=f'process {os.getpid()} on')):
        run()
    run()
    assert not [path for path in (tmp_path / 'out').iterdir()
                if path.name.startswith('.')]


def test_leftovers_of_a_killed_older_version(run, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/run.json.new').write_text('{')
    run()
    assert not (tmp_path / 'out/run.json.new').exists()


def test_formulas_are_no_formulas(run, scans, tmp_path):
    for name in ('=1+2', '-x', '@a', '+7'):
        write(scans / f'{name}.png', 100)
    run(um_per_pixel=1.0)
    for table in ('images', 'phases', 'features'):
        cells = {row['image'] for row in read(tmp_path / f'out/{table}.csv')}
        assert cells == {"'=1+2", "'-x", "'@a", '+7', 'a', 'z'}
    outcome, asked = run(um_per_pixel=1.0)
    assert (asked, outcome.before) == (0, 6)
